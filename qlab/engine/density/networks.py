"""Networks of CNOT, SWAP, CZ, Hadamard and Pauli channels: each Pauli product becomes a multiple of another one.

So a whole network is one table: new[i] = factor[i] * old[source[i]].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.engine.density.elements import Element, Matrix

_ZERO = 1e-15


@dataclass(frozen=True, eq=False)
class Monomial:
    """A matrix with one entry other than zero, or none, in each row and column.

    Attributes:
        source: (4^m,), the column of each row's entry.
        factor: (4^m,), the entry.
    """

    source: NDArray[np.int64]
    factor: Matrix

    @staticmethod
    def of(element: Element) -> Monomial | None:
        """Return the matrix of an element, or None where it is no such matrix."""
        matrix = element.terms[0]
        present = np.abs(matrix) > _ZERO
        if not element.is_constant or present.sum(0).max() > 1 or present.sum(1).max() > 1:
            return None
        source = np.where(present.any(1), present.argmax(1), -1)
        source[source < 0] = np.flatnonzero(~present.any(0))  # so that it is a permutation where entries vanish
        return Monomial(source, np.where(present.any(1), matrix[range(len(matrix)), source], 0.0))


Table = tuple[NDArray[np.int64], Matrix]


def table(elements: Sequence[Element], before: Sequence[int], after: Sequence[int]) -> Table:
    """Return source and factor (4^n,) of a network, first executed first.

    ``before`` and ``after`` are the qubits in the order of their digits in the old and in the new vector.
    """
    n_qubits = len(before)
    axis = {qubit: place for place, qubit in enumerate(before)}
    source = np.arange(4**n_qubits).reshape((4,) * n_qubits)
    factor = np.ones((4,) * n_qubits)
    for element in elements:
        monomial = Monomial.of(element)
        assert monomial is not None
        axes = [axis[qubit] for qubit in element.qubits]
        source = _rows(source, axes, monomial.source)
        factor = _rows(factor, axes, monomial.source)
        np.moveaxis(factor, axes, range(len(axes)))[...] *= monomial.factor.reshape(
            *[4] * len(axes), *[1] * (n_qubits - len(axes))
        )
    order = [axis[qubit] for qubit in after]
    return source.transpose(order).ravel(), factor.transpose(order).ravel()


def moved_back(digits: NDArray[np.int8], element: Element) -> tuple[NDArray[np.int8], Matrix] | None:
    """Return Pauli products (S, n) as they are before an element, and the factors (S,) they get; None: no products."""
    monomial = Monomial.of(element.transposed())
    if monomial is None:
        return None
    places = list(element.qubits)
    powers = 4 ** np.arange(len(places))[::-1]
    row = digits[:, places] @ powers
    to = np.argsort(monomial.source)[row]  # entry (to, row) of the transposed matrix is the one in column ``row``
    moved = digits.copy()
    moved[:, places] = to[:, None] // powers % 4
    return moved, monomial.factor[to]


def _rows(array: NDArray[Any], axes: list[int], source: NDArray[np.int64]) -> NDArray[Any]:
    """Return an array (4, ..., 4) with its rows along some axes, seen as one, taken from ``source``."""
    front = np.moveaxis(array, axes, range(len(axes)))
    rows = front.reshape(len(source), -1)[source]
    return np.moveaxis(rows.reshape(front.shape), range(len(axes)), axes)
