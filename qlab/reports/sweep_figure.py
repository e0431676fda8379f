"""The figure of a sweep: a metric against what was swept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from qlab.reports.figure import MUTED, settle, style
from qlab.reports.grouping import grouped
from qlab.reports.heat_map import draw_heat_map
from qlab.reports.layout import MOST_PANELS, Layout, distinct, is_numeric, layout, panels, readable
from qlab.reports.lines import draw_lines, legend_handle
from qlab.reports.values import shown

PANELS_IN_A_ROW = 3
HIGHEST = 12.0  # inches
MEAN = "mean of the seeds"
MAJORITY = "most frequent class"


def sweep_figure(table: pd.DataFrame, swept: Sequence[str], *, metric: str = "accuracy") -> Figure:
    """Return the figure of a metric against the swept variables, with 95 % intervals.

    ``qlab.reports.layout.layout`` says which variable goes where. At most ``MOST_PANELS`` panels are drawn.

    Args:
        table: one row per point, as in ``qlab.reports.grouping.grouped``.
        swept: the swept keys; the seed is what is averaged over.
        metric: the column on the vertical axis.
    """
    rows, points, keys = _data(table, swept, metric)
    chosen = layout(rows, keys)
    shown_panels = list(panels(rows, chosen))[:MOST_PANELS]
    with style():
        figure, axes = _grid(rows, chosen, len(shown_panels))
        if chosen.heat:
            _heat_maps(figure, axes, shown_panels, rows, chosen, metric)
        else:
            _line_panels(figure, axes, shown_panels, rows, points, chosen, metric)
            _draw_majority(axes, table, horizontal=is_numeric(rows[chosen.x]))
        for panel, (fixed, _) in zip(axes, shown_panels, strict=True):
            panel.set_title("\n".join(f"{key} = {shown(value)}" for key, value in fixed.items()), loc="left")
        settle(figure)
    return figure


def arrangement(table: pd.DataFrame, swept: Sequence[str]) -> Layout:
    """Return which variable goes where in the figure of a sweep."""
    rows, _, keys = _data(table, swept, "accuracy")
    return layout(rows, keys)


def undrawn_panels(table: pd.DataFrame, swept: Sequence[str]) -> int:
    """Return how many panels the figure has no room for."""
    rows, _, keys = _data(table, swept, "accuracy")
    return max(0, sum(1 for _ in panels(rows, layout(rows, keys))) - MOST_PANELS)


def _data(table: pd.DataFrame, swept: Sequence[str], metric: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the rows to draw, the points behind them, and the keys of both.

    Where nothing but the seed varies, each seed is a row, and so is their mean.
    """
    keys = [key for key in swept if key != "seed"]
    groups = grouped(table, swept, metric=metric)
    done = table[table["status"].eq("done")].infer_objects()
    points = done.assign(value=pd.to_numeric(done[metric], errors="coerce"))
    if len(groups) > 1:
        return readable(groups, keys), readable(points, keys), keys
    if "seed" not in swept:
        return groups.assign(point="the only point"), points.assign(point="the only point"), ["point"]
    each = grouped(table, ["seed"], metric=metric, over="")
    both = pd.concat([each.assign(seed=each["seed"].map(shown)), groups.assign(seed=MEAN)], ignore_index=True)
    return both, points.iloc[:0].assign(seed=""), ["seed"]


def _grid(rows: pd.DataFrame, chosen: Layout, count: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` axes, each large enough for what it will show."""
    along = len(distinct(rows[chosen.x]))
    second = len(distinct(rows[chosen.second])) if chosen.second else 1
    in_a_row = min(count, 2 if chosen.heat or count == 4 else PANELS_IN_A_ROW)
    alone = count == 1
    if chosen.heat:
        width, height = max(4.6 if alone else 3.8, 0.85 * min(along, 12)), max(2.6, 0.55 * second + 1.2)
    elif is_numeric(rows[chosen.x]):
        width, height = (6.8, 4.0) if alone else (3.1, 2.5)
    else:
        width, height = 6.8 if alone else 3.4, 1.1 + along * max(0.3, 0.12 * second)
    height = min(height, HIGHEST if alone else HIGHEST / 2)
    lines = math.ceil(count / in_a_row)
    extra = 0.6 if chosen.second and not chosen.heat else 0.0  # for the legend
    figure = Figure(
        figsize=(width * in_a_row + (0.8 if chosen.heat else 0), height * lines + extra), layout="constrained"
    )
    grid = figure.subplots(lines, in_a_row, sharex=True, sharey=True, squeeze=False)
    axes = [panel for line in grid for panel in line]
    for panel in axes[count:]:
        panel.remove()
    return figure, axes[:count]


def _line_panels(
    figure: Figure,
    axes: list[Axes],
    drawn: Sequence[tuple[dict[str, object], pd.DataFrame]],
    rows: pd.DataFrame,
    points: pd.DataFrame,
    chosen: Layout,
    metric: str,
) -> None:
    numeric = is_numeric(rows[chosen.x])
    lines = distinct(rows[chosen.second]) if chosen.second else [None]
    for panel, (fixed, own) in zip(axes, drawn, strict=True):
        seen = points
        for key, value in fixed.items():
            seen = seen[seen[key] == value]
        draw_lines(panel, own, seen, chosen.x, chosen.second, lines)
    name = f"test {metric.replace('_', ' ')}"
    _limit(axes, rows, numeric)
    _label(axes, chosen.x if numeric else name, name if numeric else chosen.x)
    if chosen.second:
        handles = [legend_handle(number, numeric) for number in range(len(lines))]
        legend = figure.legend(
            handles, ["."] * len(lines), loc="outside upper left", ncols=min(len(lines), 4), title=chosen.second
        )
        legend.set_alignment("left")
        for text, line in zip(legend.get_texts(), lines, strict=True):
            text.set_text(shown(line))  # set afterwards: a label that begins with _ would be left out


def _heat_maps(
    figure: Figure,
    axes: list[Axes],
    drawn: Sequence[tuple[dict[str, object], pd.DataFrame]],
    rows: pd.DataFrame,
    chosen: Layout,
    metric: str,
) -> None:
    assert chosen.second is not None
    ticks = (distinct(rows[chosen.x]), distinct(rows[chosen.second]))
    low, high = rows["mean"].min(), rows["mean"].max()
    norm = Normalize(low, high) if high > low else Normalize(low - 0.01, high + 0.01)
    mesh = None
    for panel, (_, own) in zip(axes, drawn, strict=True):
        mesh = draw_heat_map(panel, own, chosen.x, chosen.second, ticks, norm)
    _label(axes, chosen.x, chosen.second)
    if mesh is not None and rows["mean"].notna().any():
        bar = figure.colorbar(mesh, ax=axes, label=f"mean test {metric.replace('_', ' ')}", shrink=0.9, aspect=24)
        bar.outline.set_visible(False)


def _label(axes: list[Axes], x: str, y: str) -> None:
    """Name the axes at the left and below the last panel of every column."""
    grid = axes[0].get_gridspec()
    assert grid is not None
    for number, panel in enumerate(axes):
        if number + grid.ncols >= len(axes):
            panel.set_xlabel(x)
            panel.xaxis.set_tick_params(labelbottom=True)
        if number % grid.ncols == 0:
            panel.set_ylabel(y)


def _limit(axes: list[Axes], rows: pd.DataFrame, numeric: bool) -> None:
    """Let every panel show the range of all intervals, and no more of it than there is of a proportion."""
    ends = rows[["lower", "upper", "mean"]]
    low, high = ends.min().min(), ends.max().max()
    if not math.isfinite(low):
        return
    room = max(0.08 * (high - low), 0.01)
    for panel in axes:
        limits = (max(low - room, -0.02), min(high + room, 1.02))
        panel.set_ylim(limits) if numeric else panel.set_xlim(limits)


def _draw_majority(axes: list[Axes], table: pd.DataFrame, horizontal: bool) -> None:
    """Draw what always answering the most frequent class gives, where it is the same for all and in sight."""
    known = table.get("majority_accuracy", pd.Series(dtype=float)).dropna().unique()
    if len(known) != 1:
        return
    low, high = axes[0].get_ylim() if horizontal else axes[0].get_xlim()
    if not low < known[0] < high:
        return
    for panel in axes:
        draw = panel.axhline if horizontal else panel.axvline
        draw(known[0], color=MUTED, lw=1.2, ls=(0, (4, 3)), zorder=1.5)
    said: dict[str, Any] = {"s": MAJORITY, "color": MUTED, "size": 8, "va": "bottom"}
    if horizontal:
        axes[0].text(0.01, known[0], transform=axes[0].get_yaxis_transform(), **said)
    else:
        axes[0].text(known[0], 0.01, transform=axes[0].get_xaxis_transform(), rotation=90, ha="right", **said)
