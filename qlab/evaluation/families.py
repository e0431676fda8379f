"""Accuracy by the family that examples are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest


@dataclass(frozen=True)
class FamilyAccuracy:
    """How many examples of a family are answered right.

    Attributes:
        n: examples of the family.
        accuracy: share of right answers, a probability.
        accuracy_low: lower end of its 95 % Wilson interval.
        accuracy_high: upper end.
    """

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float


def by_family(
    logits: NDArray[np.floating], labels: NDArray[np.int64], families: NDArray[np.int64], names: Sequence[str]
) -> dict[str, FamilyAccuracy]:
    """Return the accuracy of logits (N, n_classes) against labels (N,) in each family (N,) that has an example."""
    is_right = logits.argmax(1) == labels
    return {name: _accuracy(is_right[families == number]) for number, name in enumerate(names) if number in families}


def _accuracy(is_right: NDArray[np.bool_]) -> FamilyAccuracy:
    right, n = int(is_right.sum()), len(is_right)
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return FamilyAccuracy(n, right / n, float(interval.low), float(interval.high))
