"""The lifted problem: a mixture X = sum_k weight_k w_k w_k^T of bit strings w_k, kept as its atoms.

Objective and constraints are quadratic forms, so they are linear in X. X itself, with the square of the number of
bits as its size, is never made.
"""

from __future__ import annotations

import numpy as np

from qlab.quantized.network import Bits
from qlab.quantized.qcbo import Qcbo
from qlab.quantized.spline import Floats


class Lifted:
    """A mixture of bit strings of a model, empty at first.

    Attributes:
        model: whose bit strings they are.
        residual: (F,), values <G_i, X> of the constraints; with atoms of positive weight zero means that each of
            them satisfies its constraint.
        objective: <Q, X>.
    """

    def __init__(self, model: Qcbo) -> None:
        self.model = model
        self.residual: Floats = np.zeros(model.n_forms)
        self.objective = 0.0
        self._atoms: list[Bits] = []
        self._weights: list[float] = []

    @property
    def atoms(self) -> Bits:
        """Return the bit strings (K, n_bits)."""
        return np.array(self._atoms, dtype=np.uint8).reshape(-1, self.model.n_bits)

    @property
    def weights(self) -> Floats:
        """Return their weights (K,)."""
        return np.array(self._weights)

    def move(self, bits: Bits, step: float) -> None:
        """Let X become X + step (w w^T - X) for a bit string w (n_bits,); residual and objective follow."""
        self._weights = [(1 - step) * weight for weight in self._weights] + [step]
        self._atoms.append(bits)
        self.residual = self.residual + step * (self.model.violations(bits[None])[0] - self.residual)
        self.objective += step * (float(self.model.energies(bits[None])[0]) - self.objective)

    def rounded(self) -> Bits:
        """Return weight bits (n_weight_bits,) by the leading eigenvector of X, that of X_00 taken for one.

        The eigenvectors of X are combinations of its atoms, so those of the small Gram matrix give them.
        """
        atoms = np.concatenate([np.ones((len(self._atoms), 1)), self.atoms], axis=1)  # (K, 1 + n_bits)
        scaled = np.sqrt(self.weights)[:, None] * atoms
        _, vectors = np.linalg.eigh(scaled @ scaled.T)
        leading = scaled.T @ vectors[:, -1]
        bits = leading[1 : 1 + self.model.n_weight_bits] / leading[0] > 0.5
        return np.asarray(bits, dtype=np.uint8)
