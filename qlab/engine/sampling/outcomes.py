"""Outcomes of measurements: basis states as numbers, and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qlab.noise.readout import Readout

Outcomes = NDArray[np.int64]


def draw(probabilities: NDArray[np.float64], positions: NDArray[np.float64]) -> Outcomes:
    """Return the outcomes at ``positions`` (S,), uniform from 0 to 1, of a distribution (N,) of any sum.

    There are none of a distribution that is NaN.
    """
    sums = np.cumsum(probabilities)
    if np.isnan(sums[-1]):
        return np.empty(0, np.int64)
    found: Outcomes = np.searchsorted(sums[:-1], positions * sums[-1], side="right")
    return found


def read(
    outcomes: Outcomes, readout: Readout | None, bits: Mapping[int, int], generator: np.random.Generator
) -> Outcomes:
    """Return outcomes (S,) as they are read: each bit is flipped with the probability that its qubit's matrix gives.

    That has the same distribution as outcomes drawn after the matrices were applied to the probabilities. It takes
    time that does not grow with the number of basis states, and serves outcomes of any origin.

    Args:
        outcomes: basis states as numbers.
        readout: the error; None for none.
        bits: the bit of each measured qubit.
        generator: what random numbers come from.
    """
    if readout is None:
        return outcomes
    found = outcomes.copy()
    for qubit, bit in bits.items():
        matrix = readout.of(qubit)
        wrong = np.where(outcomes >> bit & 1, matrix[0, 1], matrix[1, 0])
        found ^= (generator.random(len(outcomes)) < wrong).astype(np.int64) << bit
    return found


def means(outcomes: Outcomes, counts: NDArray[np.int64] | None, masks: Sequence[int]) -> NDArray[np.float64]:
    """Return the means (K,) of products of Z, one for each mask; ``counts`` are 1 where None are given.

    Without outcomes they are NaN.
    """
    if not len(outcomes):
        return np.full(len(masks), np.nan)
    odd = np.bitwise_count(outcomes & np.asarray(masks, np.int64)[:, None]) & 1  # (K, S)
    found: NDArray[np.float64] = 1 - 2 * np.average(odd, axis=1, weights=counts)
    return found


def standard_errors(values: NDArray[np.float64], shots: int) -> NDArray[np.float64]:
    """Return the standard errors of means of ``shots`` values of 1 and -1.

    To the spread they add what may have been missed: one more value, of 0. That is of order 1 / shots, and keeps a mean
    from being called exact because all shots agreed. The standard error of a single shot is the largest there is, 1.
    """
    spread, missed = np.maximum(1 - values**2, 0) / max(shots - 1, 1), (values / shots) ** 2
    found: NDArray[np.float64] = np.sqrt(spread + missed)
    return found
