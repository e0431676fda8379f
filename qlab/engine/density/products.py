"""What is measured, as sums of Pauli products, and what of a circuit it depends on.

Readout error makes of a Pauli word a sum of products, and a constant. Products stay products on their way back through
the last gates, as long as those are Clifford gates or Pauli channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.engine.density.elements import Element, Matrix
from qlab.engine.density.networks import moved_back
from qlab.engine.readings import Readings

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
    def of(words: Sequence[PauliWord], n_qubits: int) -> Products:
        """Return one product for each word."""
        digits = np.zeros((len(words), n_qubits), dtype=np.int8)
        for row, word in enumerate(words):
            digits[row, [qubit for qubit, _ in word.factors]] = [_DIGIT[letter] for _, letter in word.factors]
        return Products(digits, np.ones(len(words)), np.arange(len(words)), np.zeros(len(words)))

    @staticmethod
    def as_read(read: Readings, n_qubits: int) -> Products:
        """Return a sum of products for each word that is read."""
        words = Products.of(read.words, n_qubits)
        sums, chosen = read.matrix.nonzero()
        return Products(words.digits[chosen], read.matrix[sums, chosen], sums, read.shifts)

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
