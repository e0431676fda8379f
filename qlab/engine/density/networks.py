"""Networks of CNOT, SWAP, CZ, Hadamard and Pauli channels: each Pauli product becomes a multiple of another one.

So a whole network is one table: new[i] = factor[i] * old[source[i]].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
    order = list(before)
    source = np.arange(4 ** len(order), dtype=np.int32)
    factor = np.ones(4 ** len(order))
    for element in elements:
        monomial = Monomial.of(element)
        assert monomial is not None
        source = _rows(source, order, element.qubits, monomial.source)
        factor = _rows(factor, order, element.qubits, monomial.source)
        factor.reshape(len(monomial.factor), -1)[...] *= monomial.factor[:, None]
        order = [*element.qubits, *(qubit for qubit in order if qubit not in element.qubits)]
    axes = [order.index(qubit) for qubit in after]
    shape = (4,) * len(axes)
    return source.reshape(shape).transpose(axes).ravel().astype(np.int64), factor.reshape(shape).transpose(axes).ravel()


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


def _rows(array: NDArray[Any], order: list[int], qubits: tuple[int, ...], source: NDArray[np.int64]) -> NDArray[Any]:
    """Return an array (4^n,) with its digits on ``qubits`` taken from ``source``, and in front of the others."""
    places = sorted((order.index(qubit), digit) for digit, qubit in enumerate(qubits))
    digits = np.unravel_index(source, (4,) * len(qubits))
    ends = [-1, *(place for place, _ in places), len(order)]
    shape = [4 ** (end - first - 1) for first, end in pairwise(ends)]  # of the digits between those of ``qubits``
    if len(qubits) == 1:
        return np.moveaxis(array.reshape(shape[0], 4, shape[1])[:, digits[0]], 1, 0).ravel()
    (_, one), (_, other) = places
    rows = array.reshape(shape[0], 4, shape[1], 4, shape[2])
    return rows[:, digits[one], :, digits[other]].ravel()
