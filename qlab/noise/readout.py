"""Readout error: the probability to read each value of a qubit, given the value it has."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qlab.errors import OptionError


@dataclass(frozen=True, eq=False)
class Readout:
    """Confusion matrices, of one qubit each.

    Attributes:
        matrices: (n_qubits, 2, 2), or (1, 2, 2) for all qubits alike: P[read, prepared]; columns add up to 1.

    Raises:
        OptionError: wrong shape, or columns that are no probabilities.
    """

    matrices: NDArray[np.float64] = field(repr=False)

    def __post_init__(self) -> None:
        found = np.asarray(self.matrices, dtype=float)
        if found.ndim != 3 or found.shape[1:] != (2, 2):
            raise OptionError(f"confusion matrices must have shape (n_qubits, 2, 2), not {found.shape}")
        if found.min() < 0 or not np.allclose(found.sum(axis=1), 1, atol=1e-9):
            raise OptionError("columns of a confusion matrix are probabilities to read 0 and 1, and add up to 1")
        found.setflags(write=False)
        object.__setattr__(self, "matrices", found)

    @staticmethod
    def symmetric(flip: float) -> Readout:
        """Return the error that flips every qubit's value with probability ``flip``."""
        return Readout(np.array([[[1 - flip, flip], [flip, 1 - flip]]]))

    def of(self, qubit: int) -> NDArray[np.float64]:
        """Return the matrix (2, 2) of a qubit."""
        found: NDArray[np.float64] = self.matrices[qubit if len(self.matrices) > 1 else 0]
        return found

    def then(self, later: Readout) -> Readout:
        """Return this error followed by another one on the values that were read.

        Raises:
            OptionError: they have matrices for different numbers of qubits.
        """
        if len({len(self.matrices), len(later.matrices)} - {1}) > 1:
            raise OptionError(
                f"a readout error of {len(self.matrices)} qubits cannot be followed by one of {len(later.matrices)}"
            )
        return Readout(later.matrices @ self.matrices)

    @property
    def is_identity(self) -> bool:
        """Whether every value is read as it is."""
        return bool(np.allclose(self.matrices, np.eye(2), rtol=0, atol=1e-15))

    def on_z(self, qubit: int) -> tuple[float, float]:
        """Return (scale, shift) with which the mean of Z as read is scale * <Z> + shift."""
        matrix = self.of(qubit)
        zero, one = matrix[0, 0] - matrix[1, 0], matrix[0, 1] - matrix[1, 1]  # mean of Z as read of |0>, of |1>
        return float(zero - one) / 2, float(zero + one) / 2
