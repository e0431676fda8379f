"""Points of a sweep that differ by their seed only, as one row with a mean and its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student_t

CONFIDENCE = 0.95
SEEDS, TEST_SET = "seeds", "test set"
FAILED = ("failed", "diverged", "lost", "skipped")  # skipped: the training that a point needs failed
PROPORTIONS = ("accuracy", "val_accuracy", "balanced_accuracy", "majority_accuracy", "roc_auc", "average_precision")


def grouped(table: pd.DataFrame, swept: Sequence[str], *, metric: str = "accuracy", over: str = "seed") -> pd.DataFrame:
    """Return one row for each combination of the swept keys other than ``over``, in the order of the table.

    Beside these keys it has the columns

    - ``mean`` and ``sd`` (with n - 1 in the denominator) of the metric over the points that are done;
    - ``lower`` and ``upper``, the 95 % interval of the mean, within [0, 1] for a metric that is a proportion;
    - ``interval``, what the interval is about: ``seeds`` (Student's t over at least two seeds), ``test set`` (one seed;
      Wilson's interval of the accuracy on ``n`` test examples, which says nothing of other seeds), or nothing;
    - ``n``, the seeds that are done, and ``failed``, those that failed, diverged, were lost, or need a training that
      did.

    Args:
        table: one row per point: the swept keys, ``status``, ``n`` (test examples) and metrics.
        swept: the swept keys.
        metric: the column that is averaged.
        over: the key whose values are repetitions.
    """
    keys = [key for key in swept if key != over]
    group = _group_numbers(table, keys)
    first = ~group.duplicated().to_numpy()
    rows = table.loc[first, keys].reset_index(drop=True).infer_objects()
    done = table["status"].eq("done")
    values = pd.to_numeric(table[metric], errors="coerce").astype(float).where(done)
    statistics = values.groupby(group).agg(["mean", "std", "count"])
    mean, sd, count = (statistics[name].to_numpy() for name in ("mean", "std", "count"))
    half = _student_half_width(sd, count)
    ends = np.stack([mean - half, mean + half])  # (2, groups)
    alone = np.zeros(len(rows), dtype=bool)
    if metric == "accuracy":
        alone = count == 1
        ends[:, alone] = _wilson(table["n"], values, group, alone)
    if metric in PROPORTIONS:
        ends = ends.clip(0.0, 1.0)
    rows["mean"], rows["sd"], rows["lower"], rows["upper"] = mean, sd, *ends
    rows["interval"] = np.where(count > 1, SEEDS, np.where(alone, TEST_SET, ""))
    rows["n"] = done.groupby(group).sum().to_numpy()
    rows["failed"] = table["status"].isin(FAILED).groupby(group).sum().to_numpy()
    return rows


def _group_numbers(table: pd.DataFrame, keys: Sequence[str]) -> pd.Series[int]:
    """Return the number of each point's group, from 0 in the order of the table."""
    if not keys:
        return pd.Series(0, index=table.index)
    together = pd.Series(list(zip(*(table[key].map(_comparable) for key in keys), strict=True)), index=table.index)
    return pd.Series(pd.factorize(together)[0], index=table.index)


def _comparable(value: object) -> str:
    """Return text that is the same for the same value only, whatever its type, lists and missing values included."""
    return f"{type(value).__name__} {value}"


def _student_half_width(sd: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return half the width of the interval of a mean; not a number for fewer than two values."""
    freedom = np.where(count > 1, count - 1, np.nan)
    half: NDArray[np.float64] = student_t.ppf((1 + CONFIDENCE) / 2, freedom) * sd / np.sqrt(np.maximum(count, 1))
    return half


def _wilson(
    n: pd.Series[int], accuracy: pd.Series[float], group: pd.Series[int], wanted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the ends (2, wanted groups) of Wilson's intervals of the groups that have one accuracy."""
    have = accuracy.notna() & wanted[group]
    ends = []
    for _, share, size in sorted(zip(group[have], accuracy[have], n[have], strict=True)):
        interval = binomtest(round(share * size), int(size)).proportion_ci(CONFIDENCE, method="wilson")
        ends.append((interval.low, interval.high))
    return np.array(ends, dtype=float).reshape(-1, 2).T
