"""Comparisons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from qlab.evaluation.comparison import Comparison
from qlab.evaluation.statistics import LEVEL, Interval, Verdict, smallest_p

_MOST_SEEDS = 14  # up to here another seed makes the smallest p smaller


def sentence(row: Comparison) -> str:
    """Return what a comparison says, with whatever limits it."""
    than = "from" if row.verdict == "not distinguishable" else "than"
    interval = f"95 % interval {in_words(row.paired.student)}" if row.paired.student else "one seed, no interval"
    said = f"the circuit is {row.verdict} {than} {row.twin}: {signed(row.paired.difference)} ({interval}), "
    return "; ".join([said + f"p {p_value(row.adjusted_p)}", *_limits(row)])


def overall(rows: Sequence[Comparison]) -> str:
    """Return the verdicts of one setting's comparisons in one sentence; empty without any."""
    parts: list[str] = []
    for verdict in get_args(Verdict):
        twins = [row.twin for row in rows if row.verdict == verdict]
        if twins:
            than = "from" if verdict == "not distinguishable" else "than"
            of = f"{len(twins)}" if parts else f"{len(twins)} of {len(rows)} model{'' if len(rows) == 1 else 's'}"
            parts.append(f"{verdict} {than} {of}" + (f" ({', '.join(twins)})" if than == "than" else ""))
    return f"the circuit is {', '.join(parts)}" if parts else ""


def too_few_seeds(n: int, comparisons: int) -> str:
    """Return why no difference over n seeds can be told in a table of so many comparisons; empty where one can."""
    least = smallest_p(n)
    if least * comparisons < LEVEL:
        return ""
    enough = next((more for more in range(n, _MOST_SEEDS + 1) if smallest_p(more) * comparisons < LEVEL), None)
    if least >= LEVEL:
        reason = f"{_seeds(n)} cannot reach p < {LEVEL:g}: the smallest p is 2/2^{n} = {p_value(least)}"
    else:
        reason = (
            f"{_seeds(n)} cannot reach p < {LEVEL:g} in a table of {comparisons} comparisons: "
            f"the smallest p, adjusted, is {comparisons} x {p_value(least)} = {p_value(min(least * comparisons, 1.0))}"
        )
    return reason + (f"; it takes {enough}" if enough else "; it takes fewer comparisons")


def signed(difference: float) -> str:
    """Return a difference with its sign, to four decimals."""
    return f"{difference:+.4f}" if abs(difference) >= 0.00005 else "0.0000"


def p_value(p: float) -> str:
    """Return a p-value as one writes it: three digits where it is small."""
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3g}"


def in_words(interval: Interval) -> str:
    """Return the ends of an interval of differences."""
    low, high = (f"{end:.4f}".replace("-0.0000", "0.0000") for end in (interval.low, interval.high))
    return f"{low} to {high}"


def _shortage(row: Comparison) -> str:
    """Return in short that seeds are too few for any verdict; empty where they suffice."""
    least = smallest_p(row.n)
    if least * row.comparisons < LEVEL or row.verdict != "not distinguishable":
        return ""
    why = f"(2/2^{row.n} = {p_value(least)})" if least >= LEVEL else f"among {row.comparisons} comparisons"
    return f"{_seeds(row.n)} cannot reach p < {LEVEL:g} {why}"


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"


def _limits(row: Comparison) -> list[str]:
    """Return what a reader must know beside the numbers."""
    said = [_shortage(row)]
    student = row.paired.student
    if row.adjusted_p < LEVEL and student is not None and student.low <= 0 <= student.high:
        said.append("a few seeds differ far more than the others, so that the interval holds 0 all the same")
    if row.within_test_set_error:
        said.append(
            f"it is within 2 standard errors of the test set ({row.test_set_error:.4f} each), so that another test set "
            "of this size could undo it"
        )
    for name, model in (("the circuit", row.circuit), (row.twin, row.against)):
        if model.diverged:
            said.append(
                f"{len(model.diverged)} of {row.n} seeds of {name} diverged and count as what a constant answer scores"
            )
    return [text for text in said if text]
