"""One panel of a sweep's figure as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize

from qlab.reports.figure import GRID, INK, MUTED, PAPER, some
from qlab.reports.values import shown

# Up to these numbers of columns and rows there is room in a cell for an interval, and for a number.
WITH_INTERVALS, WITH_NUMBERS = (8, 20), (16, 30)
_LIGHT, _DARK = "#ffffff", "#111111"
_BRIGHT = 0.55  # of the colours, above which dark text is read better


def draw_heat_map(
    axes: Axes, rows: pd.DataFrame, x: str, y: str, values: tuple[Sequence[Any], Sequence[Any]], norm: Normalize
) -> QuadMesh:
    """Draw means as a heat map, with numbers in its cells and intervals where there is room.

    Args:
        axes: where.
        rows: grouped rows.
        x: the variable along the horizontal axis.
        y: the one along the vertical axis.
        values: of both; every cell has the same size.
        norm: what the colours stand for.
    """
    columns, lines = values
    means = np.full((len(lines), len(columns)), np.nan)
    cells = [(lines.index(row[y]), columns.index(row[x]), row) for row in rows.dropna(subset="mean").to_dict("records")]
    for line, column, row in cells:
        means[line, column] = row["mean"]
    edges = (np.arange(len(columns) + 1) - 0.5, np.arange(len(lines) + 1) - 0.5)
    numbers, intervals = (len(columns) <= most[0] and len(lines) <= most[1] for most in (WITH_NUMBERS, WITH_INTERVALS))
    axes.set_facecolor(GRID)
    outline = 1.5 if numbers else 0.0
    mesh = axes.pcolormesh(*edges, means, cmap="cividis", norm=norm, edgecolors=PAPER, linewidth=outline)
    if numbers:
        for line, column, row in cells:
            _write(axes, (column, line), row, _LIGHT if norm(row["mean"]) < _BRIGHT else _DARK, intervals)
        for line, column in np.argwhere(np.isnan(means)):
            axes.text(column, line, "none", ha="center", va="center", color=MUTED, size=8)
    axes.set_xticks(some(range(len(columns))), some([shown(value) for value in columns]))
    axes.set_yticks(some(range(len(lines))), some([shown(value) for value in lines]))
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return mesh


def _write(axes: Axes, cell: tuple[int, int], row: dict[Any, Any], color: str, with_interval: bool) -> None:
    """Write a mean into the middle of its cell, and its interval below it."""
    lift = 2 if with_interval else 0
    style: dict[str, Any] = {"ha": "center", "color": color, "textcoords": "offset points"}
    above = "bottom" if with_interval else "center"
    axes.annotate(f"{row['mean']:.3f}", cell, (0, lift), va=above, size=10 if with_interval else 8, **style)
    if with_interval and row["interval"]:
        axes.annotate(f"{row['lower']:.3f} – {row['upper']:.3f}", cell, (0, -lift), va="top", size=6.5, **style)
