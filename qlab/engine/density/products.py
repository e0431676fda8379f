"""What is measured, as sums of Pauli products, and what of a circuit it depends on.

Readout error makes of each factor P of a Pauli word scale * P + shift: the word becomes a sum of products, and a
constant. Products stay products on their way back through the last gates, as long as those are Clifford gates or Pauli
channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.engine.density.elements import Element, Matrix
from qlab.engine.density.networks import moved_back
from qlab.noise.readout import Readout

_DIGIT = {"X": 1, "Y": 2, "Z": 3}


@dataclass(frozen=True, eq=False)
class Products:
    """K sums of Pauli products on n qubits.

    Attributes:
        digits: (S, n), of each product 0, 1, 2, 3 for I, X, Y, Z on each qubit.
        coefficients: (S,), of each product in its sum.
        sums: (S,), to which sum it belongs; rising.
        constants: (K,), what is added to each sum.
    """

    digits: NDArray[np.int8]
    coefficients: Matrix
    sums: NDArray[np.int64]
    constants: Matrix

    @staticmethod
    def of(words: Sequence[PauliWord], readout: Readout | None, n_qubits: int) -> Products:
        """Return words as they are read."""
        rows: list[tuple[int, float, dict[int, int]]] = []
        constants = np.zeros(len(words))
        for place, word in enumerate(words):
            for coefficient, factors in _as_read(word, readout):
                if factors:
                    rows.append((place, coefficient, factors))
                else:
                    constants[place] += coefficient
        digits = np.zeros((len(rows), n_qubits), dtype=np.int8)
        for row, (_, _, factors) in enumerate(rows):
            digits[row, list(factors)] = list(factors.values())
        return Products(
            digits, np.array([row[1] for row in rows]), np.array([row[0] for row in rows], dtype=np.int64), constants
        )

    @property
    def qubits(self) -> frozenset[int]:
        """Those on which some product is not the identity."""
        return frozenset(np.flatnonzero(self.digits.any(0)).tolist())

    def on(self, qubits: Sequence[int]) -> Products:
        """Return the products with columns for these qubits only."""
        return Products(self.digits[:, list(qubits)], self.coefficients, self.sums, self.constants)

    def before(self, elements: Sequence[Element]) -> tuple[Products, list[Element]]:
        """Return the products to measure, and the elements to execute before that, which do the same as all of them.

        An element is left out where everything behind it is the identity on its qubits, for no channel changes the
        trace. It moves into the products where nothing is left behind it on its qubits and products stay products.
        """
        now, kept, busy = self, list[Element](), set[int]()
        for element in reversed(elements):
            if busy.isdisjoint(element.qubits):
                if not now.digits[:, list(element.qubits)].any():
                    continue
                moved = moved_back(now.digits, element)
                if moved is not None:
                    now = Products(moved[0], now.coefficients * moved[1], now.sums, now.constants)
                    continue
            kept.append(element)
            busy.update(element.qubits)
        return now, kept[::-1]


def light_cones(elements: Sequence[Element], n_qubits: int) -> list[frozenset[int]]:
    """Return for each qubit the qubits that what is measured on it may depend on.

    What is measured on several qubits may depend on those of all of them.
    """
    cones = []
    for qubit in range(n_qubits):
        cone = {qubit}
        for element in reversed(elements):
            if not cone.isdisjoint(element.qubits):
                cone.update(element.qubits)
        cones.append(frozenset(cone))
    return cones


def _as_read(word: PauliWord, readout: Readout | None) -> Iterator[tuple[float, dict[int, int]]]:
    """Yield coefficients and digits by qubit of the products that a word is as it is read."""
    choices: list[list[tuple[float, dict[int, int]]]] = []
    for qubit, letter in word.factors:
        scale, shift = (1.0, 0.0) if readout is None else readout.on_z(qubit)
        choices.append([(scale, {qubit: _DIGIT[letter]}), *([(shift, {})] if shift else [])])
    for chosen in product(*choices):
        coefficient, factors = 1.0, dict[int, int]()
        for number, factor in chosen:
            coefficient *= number
            factors |= factor
        yield coefficient, factors
