"""Expectation values of Pauli words: all that can be measured of a state, and their products."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import FloatArray, IntArray
from qlab.data.two_qubits import PAULIS
from qlab.encoders.encoder import FitContext
from qlab.encoders.pixels import Pixels
from qlab.errors import OptionError


class Pauli(Pixels):
    """The expectation values of all Pauli words but the identity, in a state given as an image (2, D, D).

    The channels are the real and the imaginary part of its density matrix; D = 2^n gives 4^n - 1 values. With degree
    2 the products of every two of them follow, squares included: a linear head on these is a quadratic one.

    Args:
        n_qubits: n.
        degree: 1 or 2.
    """

    def __init__(self, *, n_qubits: int = 2, degree: int = 1) -> None:
        self.n_qubits, self.degree = n_qubits, degree
        n_words = 4**n_qubits - 1
        self.n_outputs = n_words if degree == 1 else n_words + n_words * (n_words + 1) // 2

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Check the shape of images (N, 2, D, D); raises ``OptionError`` if they are no states of so many qubits."""
        self.transform(images[:1])

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the values (N, n_features) of images (N, 2, D, D); raises as ``fit`` does."""
        wanted = (2, 2**self.n_qubits, 2**self.n_qubits)
        if images.shape[1:] != wanted:
            raise OptionError(
                f"encoder pauli takes states as images of shape {wanted}, not {images.shape[1:]}: choose "
                "dataset=entanglement, tfim or xxz, and set encoder.n_qubits to the qubits of a state"
            )
        states = images[:, 0].astype(np.float64) + 1j * images[:, 1]
        words = _words(self.n_qubits)  # (4^n - 1, D, D)
        values = np.einsum("bij,kji->bk", states, words, optimize=True).real
        if self.degree == 2:
            first, second = np.triu_indices(len(words))
            values = np.concatenate([values, values[:, first] * values[:, second]], axis=1)
        found: FloatArray = values.astype(np.float32)
        return found


def _words(n_qubits: int) -> NDArray[np.complex128]:
    words = itertools.product(PAULIS, repeat=n_qubits)
    next(words)  # the identity
    return np.array([reduce(np.kron, word) for word in words])
