"""What the page of a comparison says in words, and what it warns of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qlab.evaluation.comparison import CIRCUIT
from qlab.evaluation.sentences import overall, sentence, too_few_seeds
from qlab.reports.comparison_cells import comparison_cells, further_cells
from qlab.reports.comparison_figure import MOST_SETTINGS, undrawn_settings
from qlab.reports.comparison_rows import Row, by_setting
from qlab.reports.findings import about_records
from qlab.reports.grouping import FAILED
from qlab.reports.tables import Cells
from qlab.reports.values import counted, decimals, shown


@dataclass(frozen=True)
class Told:
    """One setting on the page.

    Attributes:
        name: values of what was swept; empty where nothing was.
        overall: the verdicts in one sentence.
        sentences: one for each twin.
        table: for a reader.
        further: what it has no room for.
    """

    name: str
    overall: str
    sentences: list[str]
    table: Cells
    further: Cells


def told(rows: Sequence[Row]) -> list[Told]:
    """Return every setting as the page shows it."""
    return [
        Told(
            ", ".join(f"{key} = {value}" for key, value in setting),
            _closed(overall([row.comparison for row in group])),
            [_closed(sentence(row.comparison)) for row in group],
            comparison_cells(group),
            further_cells(group),
        )
        for setting, group in by_setting(rows).items()
    ]


def notices(
    points: pd.DataFrame, rows: Sequence[Row], settings: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    said = _about_points(points, rows, settings)
    if rows:
        few = too_few_seeds(max(row.comparison.n for row in rows), rows[0].comparison.comparisons)
        said += [_closed(few)] if few else []
    said += about_records(records)
    undrawn = undrawn_settings(rows)
    if undrawn:
        said.append(f"The figure has room for {MOST_SETTINGS} settings; {undrawn} more are in the tables only.")
    return said


def constant_answer(points: pd.DataFrame, metric: str) -> str:
    """Return what always answering the most frequent class gives; empty where it is not the same everywhere."""
    known = points["majority_accuracy"].dropna().unique()
    if metric != "accuracy" or len(known) != 1:
        return ""
    return f"Always answering the most frequent class would give {decimals(known[0])}."


def seeds_in_words(varied: Mapping[str, bool]) -> list[str]:
    """Return what differs between seeds and what does not."""
    changing, fixed = ([name for name, whether in varied.items() if whether is wanted] for wanted in (True, False))
    said = []
    if changing:
        said.append(f"Different for each seed: {', '.join(changing)}.")
    if fixed:
        said.append(
            f"The same for all seeds: {', '.join(fixed)}. The intervals and p-values say nothing of how these could "
            "have been otherwise."
        )
    return said


def left_out(reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return which twins there are not, and why; ``reasons`` by setting and twin."""
    same: dict[tuple[str, str], list[str]] = {}
    for setting, found in reasons.items():
        for twin, reason in found.items():
            same.setdefault((twin, reason), []).append(setting)
    said = []
    for (twin, reason), settings in same.items():
        where = f" at {'; '.join(settings)}" if any(settings) else ""
        said.append(f"{twin}{where} is left out: {reason.rstrip('.')}.")
    return said


def tuned(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what tuning decided of each model."""
    return {
        model: ", ".join(f"{key} = {shown(value)}" for key, value in found.items()) for model, found in values.items()
    }


def _about_points(points: pd.DataFrame, rows: Sequence[Row], settings: Sequence[str]) -> list[str]:
    diverged = _diverged(rows)
    keys = [points[key].map(shown) for key in (*settings, "twin", "seed")]
    counts = pd.Series([where in diverged for where in zip(*keys, strict=True)], index=points.index, dtype=bool)
    lost = int((points["status"].isin(FAILED) & ~counts).sum())
    absent = int(points["status"].eq("not run").sum())
    said = []
    if diverged:
        said.append(
            f"{counted(len(diverged), 'run')} diverged and {'counts' if len(diverged) == 1 else 'count'} as what a "
            "constant answer scores."
        )
    if lost:
        them = "it" if lost == 1 else "them"
        said.append(
            f"{lost} of {counted(len(points), 'run')} failed; their seeds are left out of the pairs with {them}."
        )
    if absent:
        said.append(f"{absent} of {counted(len(points), 'run')} {'has' if absent == 1 else 'have'} not been run.")
    alone = _without_row(points, rows, settings)
    if alone:
        said.append(f"Nothing can be said of {', '.join(alone)}: no seed is done for both it and the circuit.")
    return said


def _diverged(rows: Sequence[Row]) -> set[tuple[str, ...]]:
    """Return setting, model and seed of every run that diverged."""
    found = set()
    for row in rows:
        one = row.comparison
        fixed = tuple(map(shown, one.setting.values()))
        for name, model in ((CIRCUIT, one.circuit), (one.twin, one.against)):
            found |= {(*fixed, name, shown(seed)) for seed in model.diverged}
    return found


def _without_row(points: pd.DataFrame, rows: Sequence[Row], settings: Sequence[str]) -> list[str]:
    """Return the twins, with their setting, that could not be compared."""
    have = {(*map(shown, row.comparison.setting.values()), row.comparison.twin) for row in rows}
    keys = [points[key].map(shown) for key in (*settings, "twin")]
    every = dict.fromkeys(where for where in zip(*keys, strict=True) if where[-1] != CIRCUIT)
    return [
        where[-1] + "".join(f", {key} = {value}" for key, value in zip(settings, where[:-1], strict=True))
        for where in every
        if where not in have
    ]


def _closed(text: str) -> str:
    """Return a sentence with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
