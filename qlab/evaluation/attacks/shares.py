"""How many examples an attack leaves rightly answered, and whether one attack is stronger than another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from qlab.evaluation.statistics import holm

Fooled = NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """Examples rightly answered, with the 95 % Wilson interval of their share."""

    n: int
    right: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Excess:
    """By how much one attack is stronger than another on the same examples, at the eps where it is by most.

    Attributes:
        place: at which eps, a position.
        more: examples that the first fools and the second does not.
        fewer: the reverse.
        p: one-sided p-value of the sign test, adjusted by Holm's method for there being several eps.
    """

    place: int
    more: int
    fewer: int
    p: float


def share(fooled: Fooled) -> Share:
    """Return what is left of examples (N,) of which some are fooled."""
    n, right = len(fooled), int((~fooled).sum())
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Share(n, right, right / n, float(interval.low), float(interval.high))


def excess(first: Fooled, second: Fooled) -> Excess:
    """Return where the first attack is stronger than the second, (n_eps, N) each, with the smallest p-value of any eps.

    Chance decides which of two equally strong attacks fools an example that only one of them does: so each of these
    is a toss of a coin.
    """
    more = (first & ~second).sum(1)  # (n_eps,)
    fewer = (second & ~first).sum(1)
    adjusted = holm([_p_value(int(a), int(b)) for a, b in zip(more, fewer, strict=True)])
    place = min(range(len(adjusted)), key=lambda at: (adjusted[at], fewer[at] - more[at]))
    return Excess(place, int(more[place]), int(fewer[place]), adjusted[place])


def _p_value(more: int, fewer: int) -> float:
    return float(binomtest(more, more + fewer, alternative="greater").pvalue) if more + fewer else 1.0
