"""Which swept variable goes where in a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from qlab.reports.values import shown

MOST_LINES = 8
MOST_PANELS = 24
DECADES = 30.0  # values whose ratio is larger are not told apart on a linear axis


@dataclass(frozen=True)
class Layout:
    """Where each variable of a figure goes.

    Attributes:
        x: the variable along the axis.
        second: the one with a line for each value, or along the vertical axis of a heat map.
        heat: whether two variables make a heat map.
        panels: those with a panel for each combination of values.
    """

    x: str
    second: str | None
    heat: bool
    panels: tuple[str, ...]


def layout(groups: pd.DataFrame, keys: Sequence[str]) -> Layout:
    """Return a layout in which the keys with more than one value can be read.

    A numeric variable comes first, the one with the most values where there are several. A second one with few names
    gets lines; two numeric variables, or a second one with many names, get a heat map. The others get panels.
    """
    sizes = {key: len(distinct(groups[key])) for key in keys}
    varying = [key for key in keys if sizes[key] > 1]
    numeric = [key for key in varying if is_numeric(groups[key])]
    if not varying:
        return Layout(keys[0], None, heat=False, panels=())
    x = max(numeric or varying, key=sizes.__getitem__)
    rest = [key for key in varying if key != x]
    if not rest:
        return Layout(x, None, heat=False, panels=())
    named = [key for key in rest if key not in numeric and sizes[key] <= MOST_LINES]
    second = (named or rest)[0]
    return Layout(x, second, heat=second not in named, panels=tuple(key for key in rest if key != second))


def readable(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the table with the values of keys that are not numeric as text."""
    return table.assign(**{key: table[key].map(shown) for key in keys if not is_numeric(table[key])})


def panels(groups: pd.DataFrame, chosen: Layout) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield the values that a panel stands for, and its rows."""
    if not chosen.panels:
        yield {}, groups
        return
    for values, rows in groups.groupby(list(chosen.panels), sort=False):
        yield dict(zip(chosen.panels, values, strict=True)), rows


def distinct(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column: numbers in ascending order, others in the order of the table."""
    values = list(column.drop_duplicates())
    return sorted(values) if is_numeric(column) else values


def is_numeric(column: pd.Series[Any]) -> bool:
    """Return whether every value is a number."""
    return is_numeric_dtype(column) and not is_bool_dtype(column) and bool(column.notna().all())


def scale(values: Sequence[float]) -> str:
    """Return ``linear``, ``log``, or ``symlog`` where values that span decades include zero."""
    positive = [value for value in values if value > 0]
    if len(positive) < 2 or min(values) < 0 or max(positive) / min(positive) < DECADES:
        return "linear"
    return "symlog" if min(values) == 0 else "log"
