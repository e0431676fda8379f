"""From the bits of shots to expectation values with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.errors import CorruptFileError
from qlab.hardware.program import Counts, Estimates

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """Expectation values from shots.

    Attributes:
        values: (N, K).
        standard_errors: (N, K), of the values.
        shared: (N, K, C), by how much values move with one standard deviation of each of C chances that they have in
            common with other values; the standard errors hold them. C = 0 where all chances are their own.
    """

    values: Doubles = field(repr=False)
    standard_errors: Doubles = field(repr=False)
    shared: Doubles = field(default_factory=lambda: np.zeros((1, 1, 0)), repr=False)

    def __post_init__(self) -> None:
        shape = (*self.values.shape, self.shared.shape[-1])
        object.__setattr__(self, "shared", np.broadcast_to(self.shared, shape))

    def deviations(self, expected: Doubles) -> Doubles:
        """Return how many standard errors (N, K) the values are above the ``expected`` ones (N, K)."""
        deviations: Doubles = (self.values - expected) / self.standard_errors
        return deviations

    def rms_error(self, expected: Doubles) -> float:
        """Return the root mean square of the differences from ``expected`` (N, K)."""
        return float(np.sqrt(((self.values - expected) ** 2).mean()))

    @property
    def rms_standard_error(self) -> float:
        """What ``rms_error`` would be about if the values were off by chance alone."""
        return float(np.sqrt((self.standard_errors**2).mean()))


def bits(counts: Counts, qubit: int) -> NDArray[np.uint8]:
    """Return what each shot (N, S) read on one qubit; ``counts`` (N, S, n_bytes) are packed, highest byte first."""
    found: NDArray[np.uint8] = counts[..., counts.shape[-1] - 1 - qubit // 8] >> np.uint8(qubit % 8) & np.uint8(1)
    return found


def check_counts(counts: Counts, n_qubits: int) -> None:
    """Raise ``CorruptFileError`` unless ``counts`` can be those of shots that read ``n_qubits`` qubits."""
    wanted = -(-n_qubits // 8)
    if counts.ndim != 3 or counts.dtype != np.uint8 or not counts.shape[1] or counts.shape[2] != wanted:
        raise CorruptFileError(
            f"counts of {n_qubits} qubits have shape (executions, shots, {wanted}) and type uint8, not "
            f"{counts.shape} and {counts.dtype}"
        )
    if n_qubits % 8 and counts.size and int(counts[..., 0].max()) >> n_qubits % 8:
        raise CorruptFileError(f"counts of {n_qubits} qubits have bits beyond them")


def raw(counts: Counts, words: Sequence[PauliWord]) -> Measured:
    """Return means of products of what was read, +1 for 0 and -1 for 1, on the qubits of each word.

    Args:
        counts: (N, S, n_bytes), of one program that measured what the words' letters say.
        words: K of them.
    """
    n_qubits = 1 + max((word.factors[-1][0] for word in words), default=0)
    return averaged(counts, words, np.tile([1.0, -1.0], (n_qubits, 1)))


def estimated(found: Estimates) -> Measured:
    """Return the values (N, K) that an estimator answered with."""
    return Measured(found[..., 0], found[..., 1])


def averaged(counts: Counts, words: Sequence[PauliWord], factors: Doubles) -> Measured:
    """Return means of products of ``factors`` (n_qubits, 2), which hold what 0 and 1 count for on each qubit."""
    found = Measured(np.empty((len(counts), len(words))), np.empty((len(counts), len(words))))
    for place, word in enumerate(words):
        each = products(counts, [qubit for qubit, _ in word.factors], factors)
        found.values[:, place], found.standard_errors[:, place] = mean(each)
    return found


def products(counts: Counts, qubits: Sequence[int], factors: Doubles) -> Doubles:
    """Return the product (N, S) over ``qubits`` of what each shot's bits count for; see ``averaged``."""
    found = np.ones(counts.shape[:2])
    for qubit in qubits:
        found *= factors[qubit][bits(counts, qubit)]
    return found


def mean(each: Doubles) -> tuple[Doubles, Doubles]:
    """Return the means (N,) of independent numbers (N, S), and their standard errors.

    To the spread they add what may have been missed: one more number, 0. That is of order 1 / S, and keeps a mean from
    being called exact because all shots agreed. The standard error of a single shot is its own size.
    """
    shots, means = each.shape[1], each.mean(1)
    spread = np.maximum((each**2).mean(1) - means**2, 0) / max(shots - 1, 1)
    return means, np.sqrt(spread + (means / shots) ** 2)
