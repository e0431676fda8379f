"""The rows of a comparison: its statistics beside what its models are and cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qlab.evaluation.comparison import CIRCUIT, Comparison, Summary
from qlab.evaluation.statistics import Interval
from qlab.reports.values import shown

Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """What a model is.

    Attributes:
        description: a few words; may be empty.
        trainable: number of trainable parameters; None where no run is done.
        seconds: median of the seconds that its runs took, on a simulator where it has a circuit.
    """

    description: str
    trainable: int | None
    seconds: float | None


@dataclass(frozen=True)
class Row:
    """A comparison with the facts of its two models."""

    comparison: Comparison
    circuit: Facts
    twin: Facts


def rows_of(comparisons: Sequence[Comparison], points: pd.DataFrame, descriptions: Mapping[str, str]) -> list[Row]:
    """Return comparisons with the facts of their models.

    Args:
        comparisons: as ``qlab.evaluation.comparison.compare`` returns them.
        points: one row per setting, model and seed: the keys of the setting, ``twin`` (``circuit`` for the quantum
            model itself), ``seed``, and the columns of a sweep's table.
        descriptions: of the models, by name.
    """
    keys = list(comparisons[0].setting) if comparisons else []
    known = {
        tuple(values): _facts(runs, descriptions.get(str(values[-1]), ""))
        for values, runs in points.groupby([points[key].map(shown) for key in (*keys, "twin")], sort=False)
    }

    def facts(comparison: Comparison, name: str) -> Facts:
        where = (*(shown(comparison.setting[key]) for key in keys), name)
        return known.get(where, Facts(descriptions.get(name, ""), None, None))

    return [Row(one, facts(one, CIRCUIT), facts(one, one.twin)) for one in comparisons]


def by_setting(rows: Iterable[Row]) -> dict[Group, list[Row]]:
    """Return the rows of each setting, which is told as the text of its keys and values."""
    groups: dict[Group, list[Row]] = {}
    for row in rows:
        setting = tuple((key, shown(value)) for key, value in row.comparison.setting.items())
        groups.setdefault(setting, []).append(row)
    return groups


def fullest(group: Sequence[Row]) -> Row:
    """Return the row of a setting whose circuit has the most seeds in common with its twin."""
    return max(group, key=lambda row: row.comparison.n)


def comparison_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return every number of the comparisons, one row each."""
    return pd.DataFrame([_numbers(row) for row in rows])


def _facts(runs: pd.DataFrame, description: str) -> Facts:
    trainable, seconds = runs["trainable"].dropna(), runs["training_seconds"].dropna()
    return Facts(
        description,
        int(trainable.iloc[0]) if len(trainable) else None,
        float(seconds.median()) if len(seconds) else None,
    )


def _numbers(row: Row) -> dict[str, Any]:
    one = row.comparison
    result = one.paired
    return {
        **one.setting,
        "twin": one.twin,
        "verdict": one.verdict,
        "seeds": one.n,
        **_of_model("circuit", one.circuit, row.circuit),
        **_of_model("twin", one.against, row.twin),
        "difference": result.difference,
        **_ends("difference_student", result.student),
        **_ends("difference_bca", result.bca),
        "p": result.p,
        "p_holm": one.adjusted_p,
        "comparisons": one.comparisons,
        "effect": result.effect,
        "test_set_error": one.test_set_error,
        "within_test_set_error": one.within_test_set_error,
        "description": row.twin.description,
    }


def _of_model(name: str, scores: Summary, facts: Facts) -> dict[str, Any]:
    values = {
        "diverged": len(scores.diverged),
        "mean": scores.mean,
        "median": scores.median,
        "sd": scores.sd,
        **_ends("student", scores.student),
        **_ends("bca", scores.bca),
        "parameters": facts.trainable,
        "seconds": facts.seconds,
    }
    return {f"{name}_{key}": value for key, value in values.items()}


def _ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return {f"{name}_low": low, f"{name}_high": high}
