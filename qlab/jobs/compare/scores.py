"""From the records of a comparison's points to scores, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlab.errors import CorruptFileError
from qlab.evaluation.comparison import CIRCUIT, Right, Scores, Setting
from qlab.jobs.compare.contestants import Field
from qlab.jobs.sweep.points import Point
from qlab.jobs.sweep.table import DIVERGED, DONE, Results

_Run = tuple[Point, Mapping[str, Any]]
"""A point and its row of the table."""


def settings(
    fields: Sequence[Field],
    points: Sequence[Point],
    table: pd.DataFrame,
    found: Results,
    metric: str,
    *,
    one_test_set: bool,
) -> list[Setting]:
    """Return the scores of every setting; a seed that is neither done nor diverged is missing.

    Args:
        fields: the settings and their contestants.
        points: every point.
        table: one row per point, in the same order.
        found: their records and predictions.
        metric: what is compared.
        one_test_set: whether all seeds are tested on the same examples.
    """
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    numbers = {_place(field.values): number for number, field in enumerate(fields)}
    runs: list[dict[str, list[_Run]]] = [{} for _ in fields]
    for point, row in zip(points, rows, strict=True):
        place = _place({name: value for name, value in point.values.items() if name not in ("twin", "seed")})
        runs[numbers[place]].setdefault(str(point.values["twin"]), []).append((point, row))
    settled = []
    for field, own in zip(fields, runs, strict=True):
        labels = _labels([run for of_twin in own.values() for run in of_twin], found)
        if labels is not None:
            by_example = one_test_set and metric == "accuracy"
            scores = {
                twin: Scores(_by_seed(of_twin, metric), _right(of_twin, found, labels) if by_example else None)
                for twin, of_twin in own.items()
            }
            circuit = scores.pop(CIRCUIT)
            settled.append(Setting(field.values, circuit, scores, constant_score(labels, metric)))
    return settled


def constant_score(labels: NDArray[np.int64], metric: str) -> float:
    """Return what always giving the same answer scores on labels (N,)."""
    counts = np.bincount(labels)
    shares = counts[counts > 0] / counts.sum()
    if metric == "accuracy":
        return float(shares.max())
    if metric == "balanced_accuracy":
        return float(1 / len(shares))
    if metric == "roc_auc":
        return 0.5
    return float(shares[-1] if len(counts) == 2 else shares.mean())  # average precision: that of chance


def _by_seed(runs: Sequence[_Run], metric: str) -> dict[int, float | None]:
    known = {_seed(point): row[metric] for point, row in runs if row["status"] == DONE and not math.isnan(row[metric])}
    diverged = {_seed(point): None for point, row in runs if row["status"] == DIVERGED}
    return known | diverged


def _labels(runs: Sequence[_Run], found: Results) -> NDArray[np.int64] | None:
    """Return the labels of the test part, from the first run whose predictions can be read."""
    for point, row in runs:
        if row["status"] == DONE:
            with suppress(CorruptFileError, OSError):
                labels: NDArray[np.int64] = found.predictions(point)[1]
                return labels
    return None


def _right(runs: Sequence[_Run], found: Results, labels: NDArray[np.int64]) -> Mapping[int, Right] | None:
    """Return which answers of each seed are right, where all seeds have the same test examples in one order."""
    most_frequent = np.bincount(labels).argmax()
    right: dict[int, Right] = {}
    places = None
    for point, row in runs:
        if row["status"] == DIVERGED:
            right[_seed(point)] = labels == most_frequent
        elif row["status"] == DONE:
            try:
                index, own, logits = found.predictions(point)
            except (CorruptFileError, OSError):
                return None
            places = index if places is None else places
            if not (np.array_equal(index, places) and np.array_equal(own, labels)):
                return None
            right[_seed(point)] = logits.argmax(1) == own
    return right


def _seed(point: Point) -> int:
    return int(point.values["seed"])


def _place(values: Mapping[str, object]) -> str:
    return repr(sorted(values.items()))
