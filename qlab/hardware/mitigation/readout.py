"""Readout error undone by confusion matrices of our own measurement, one per qubit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.errors import JobError
from qlab.hardware.program import Counts
from qlab.hardware.readings import Doubles, Measured, averaged, bits, products
from qlab.noise.readout import Readout

Patterns = NDArray[np.uint8]
"""Basis states to prepare and read, ``(M, n_qubits)`` of 0 and 1."""


def patterns(n_qubits: int) -> Patterns:
    """Return all qubits in 0, and all in 1: twice the shots of one state, however many qubits there are."""
    return np.stack([np.zeros(n_qubits), np.ones(n_qubits)]).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often each qubit was read wrongly.

    Attributes:
        rates: (n_qubits, 2), of preparations of 0 and of 1.
        variances: (n_qubits, 2), of the rates.
    """

    rates: Doubles = field(repr=False)
    variances: Doubles = field(repr=False)

    @property
    def readout(self) -> Readout:
        """The matrices P[read, prepared]."""
        zero, one = self.rates.T
        return Readout(np.array([[1 - zero, one], [zero, 1 - one]]).transpose(2, 0, 1))

    @property
    def factors(self) -> Doubles:
        """What 0 and 1 count for on each qubit (n_qubits, 2), so that their mean is <Z>.

        The mean of Z as read is scale * <Z> + shift: a reading of +-1 counts for (+-1 - shift) / scale, which is the
        inverse of the confusion matrix applied to (1, -1).
        """
        scales, shifts = self._scales, self.rates[:, 1] - self.rates[:, 0]
        return np.stack([(1 - shifts) / scales, (-1 - shifts) / scales], axis=1)

    @property
    def slopes(self) -> Doubles:
        """By what the factors change with the rates: (n_qubits, 2 factors, 2 rates)."""
        factors = self.factors[:, :, None]
        signs = np.array([1.0, -1.0])
        slopes: Doubles = (factors + signs) / self._scales[:, None, None]
        return slopes

    @property
    def _scales(self) -> Doubles:
        scales: Doubles = 1 - self.rates.sum(1)
        return scales


def confusion(prepared: Patterns, counts: Sequence[Counts], measured: Sequence[int] | None = None) -> Confusion:
    """Return how often each qubit was read wrongly in all patterns that prepare it in 0, and in 1.

    The variances are those of rates of which nothing was known before (a beta distribution): never 0.

    Args:
        prepared: (M, n_qubits), where every qubit is prepared in both states.
        counts: (1, S, n_bytes) of each pattern.
        measured: the qubits that were; all where None. Others count as read rightly.

    Raises:
        JobError: the readings of a qubit say nothing of what was prepared.
    """
    n_qubits = prepared.shape[1]
    wrong, number = np.zeros((n_qubits, 2)), np.zeros((n_qubits, 2))
    chosen = range(n_qubits) if measured is None else measured
    for pattern, found in zip(prepared, counts, strict=True):
        for qubit, state in enumerate(pattern):
            wrong[qubit, state] += (bits(found, qubit) != state).sum() if qubit in chosen else 0
            number[qubit, state] += found.shape[0] * found.shape[1]
    rates = wrong / number
    useless = np.flatnonzero(rates.sum(1) >= 1)
    if len(useless):
        qubit, (zero, one) = useless[0], rates[useless[0]]
        raise JobError(
            f"the readout of qubit {qubit} cannot be undone: it was wrong in {zero:.1%} of the readings of 0 and in "
            f"{one:.1%} of those of 1"
        )
    likely = (wrong + 1) / (number + 2)
    return Confusion(rates, likely * (1 - likely) / (number + 3))


def inverted(counts: Counts, words: Sequence[PauliWord], known: Confusion) -> Measured:
    """Return expectation values (N, K) with the readout error undone.

    They are means of products of ``known.factors``, which is the inverse of the product of the qubits' confusion
    matrices: without bias where qubits are read independently of each other, and possibly beyond 1. The standard errors
    hold the chance of the shots and, to first order, that of the calibration, which all values that it undoes share.
    """
    found = averaged(counts, words, known.factors)
    return with_calibration(found, counts, words, known)


def with_calibration(found: Measured, counts: Counts, words: Sequence[PauliWord], known: Confusion) -> Measured:
    """Return values with the chance of the calibration, two rates of each qubit, added to their standard errors.

    Args:
        found: values (N, K) with the chance of their shots.
        counts: (N, S, n_bytes), that they were read from.
        words: K of them.
        known: by which the readout error was undone.
    """
    factors, slopes, deviations = known.factors, known.slopes, np.sqrt(known.variances)
    shared = np.zeros((*found.values.shape, *deviations.shape))  # (N, K, n_qubits, 2)
    for place, word in enumerate(words):
        qubits = [qubit for qubit, _ in word.factors]
        each = products(counts, qubits, factors)  # (N, S)
        for qubit in qubits:
            relative = slopes[qubit] / factors[qubit][:, None]  # (2 readings, 2 rates)
            for rate in range(2):
                slope = (each * relative[bits(counts, qubit), rate]).mean(1)  # (N,)
                shared[:, place, qubit, rate] = slope * deviations[qubit, rate]
    flat = shared.reshape(*found.values.shape, -1)
    return Measured(found.values, np.sqrt(found.standard_errors**2 + (flat**2).sum(-1)), flat)
