"""Comparisons as tables for a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qlab.evaluation.comparison import CIRCUIT, Summary
from qlab.evaluation.sentences import in_words, p_value, signed, too_few_seeds
from qlab.evaluation.statistics import Interval
from qlab.reports.comparison_rows import Facts, Row, by_setting, fullest
from qlab.reports.tables import Cells
from qlab.reports.values import MISSING, decimals, interval, shown

STAR = "*"
_Cells = list[str]


def comparison_cells(rows: Sequence[Row], settings: Sequence[str] = ()) -> Cells:
    """Return the table of comparisons: under each setting the circuit, then its twins.

    A verdict with a star is one that another test set of the same size could undo.

    Args:
        rows: of one setting or of several.
        settings: the keys that get a column.
    """
    header = [*settings, "twin", "parameters", "mean", "95 % interval", "difference", "95 % interval", "p (Holm)"]
    return Cells([*header, "effect", "verdict"], _lines(rows, settings, _circuit, _twin))


def further_cells(rows: Sequence[Row], settings: Sequence[str] = ()) -> Cells:
    """Return what the first table has no room for: seeds, spread, the bootstrap's intervals, times."""
    header = [*settings, "twin", "seeds", "diverged", "median", "sd", "bootstrap", "of the difference"]
    return Cells([*header, "p", "test set", "seconds"], _lines(rows, settings, _circuit_further, _twin_further))


def note(rows: Sequence[Row], metric: str, part: str = "test") -> str:
    """Return how the table is to be read; ``part`` is that of the data which the metric is of."""
    count = max((row.comparison.comparisons for row in rows), default=0)
    text = (
        f"{part.capitalize()} {metric.replace('_', ' ')} over seeds, with Student's intervals. Differences are "
        f"circuit − twin, seed by seed; p is that of the two-sided sign-flip test, adjusted by Holm's method for all "
        f"{count} comparisons; effect is the mean difference in standard deviations of the differences (Hedges)."
    )
    if any(row.comparison.against.sd == 0 and not row.comparison.against.diverged for row in rows):
        text += " An interval without width is that of a model that no seed changes."
    diverged = _diverged(rows)
    if diverged:
        text += f" Diverged seeds count as what a constant answer scores: {', '.join(diverged)}."
    fewest, most = (bound((row.comparison.n for row in rows), default=0) for bound in (min, max))
    if fewest < most:
        text += f" Twins have from {fewest} to {most} seeds in common with the circuit: runs are missing."
    few = too_few_seeds(max(row.comparison.n for row in rows), count) if rows else ""
    text += f" {few}." if few else ""
    if any(row.comparison.within_test_set_error for row in rows):
        text += f" {STAR} Within 2 standard errors of the test set: another one of this size could undo the difference."
    return text


def _diverged(rows: Sequence[Row]) -> list[str]:
    """Return for each model with diverged seeds how many of how many did."""
    found: dict[str, None] = {}
    for group in by_setting(rows).values():
        models = [
            (CIRCUIT, fullest(group).comparison.circuit),
            *((r.comparison.twin, r.comparison.against) for r in group),
        ]
        where = ", ".join(f"{key} {shown(value)}" for key, value in group[0].comparison.setting.items())
        for name, scores in models:
            if scores.diverged:
                place = f" at {where}" if where else ""
                found[f"{name}{place} {len(scores.diverged)} of {fullest(group).comparison.n}"] = None
    return list(found)


def _lines(
    rows: Sequence[Row], settings: Sequence[str], circuit: Callable[[Row], _Cells], twin: Callable[[Row], _Cells]
) -> list[_Cells]:
    lines = []
    for group in by_setting(rows).values():
        fixed = [shown(group[0].comparison.setting[key]) for key in settings]
        lines += [[*fixed, *circuit(fullest(group))], *([*fixed, *twin(row)] for row in group)]
    return lines


def _circuit(row: Row) -> _Cells:
    return [CIRCUIT, *_mean(row.comparison.circuit, row.circuit), *[MISSING] * 5]


def _twin(row: Row) -> _Cells:
    one = row.comparison
    return [
        one.twin,
        *_mean(one.against, row.twin),
        signed(one.paired.difference),
        MISSING if one.paired.student is None else in_words(one.paired.student),
        p_value(one.adjusted_p),
        MISSING if one.paired.effect is None else f"{one.paired.effect:+.2f}",
        one.verdict + (STAR if one.within_test_set_error else ""),
    ]


def _mean(scores: Summary, facts: Facts) -> _Cells:
    return [shown(facts.trainable), decimals(scores.mean), _ends(scores.student)]


def _circuit_further(row: Row) -> _Cells:
    one = row.comparison
    return [CIRCUIT, str(one.n), *_spread(one.circuit), *[MISSING] * 3, decimals(row.circuit.seconds, 1)]


def _twin_further(row: Row) -> _Cells:
    one = row.comparison
    return [
        one.twin,
        str(one.n),
        *_spread(one.against),
        MISSING if one.paired.bca is None else in_words(one.paired.bca),
        p_value(one.paired.p),
        decimals(one.test_set_error),
        decimals(row.twin.seconds, 1),
    ]


def _spread(scores: Summary) -> _Cells:
    return [str(len(scores.diverged)), decimals(scores.median), decimals(scores.sd), _ends(scores.bca)]


def _ends(found: Interval | None) -> str:
    return MISSING if found is None else interval(found.low, found.high)
