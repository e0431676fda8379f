"""One panel of a sweep's figure: lines with intervals, or points on an axis of names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

from qlab.reports.figure import MARKERS, PAPER, SERIES, some
from qlab.reports.grouping import SEEDS
from qlab.reports.layout import distinct, is_numeric, scale
from qlab.reports.values import shown

Numbers = NDArray[np.float64]
POINTS_BETWEEN_LINES = 5.0  # lines stand side by side, so that no interval hides another
POINTS_TO_SEEDS = 3.0
ROOM = 0.07  # of a numeric axis, at both ends
MOST_TICKS, CLOSEST_TICKS = 10, 0.05


def draw_lines(
    axes: Axes, rows: pd.DataFrame, points: pd.DataFrame, x: str, second: str | None, lines: Sequence[object]
) -> None:
    """Draw means with their intervals, one line per value of ``second``, and every point behind them.

    Along a numeric variable means are joined; names stand one below the other. Where the interval is over seeds the
    marker is full, otherwise it is hollow.

    Args:
        axes: where.
        rows: grouped rows.
        points: the points that are done, with their metric in the column ``value``.
        x: the variable along the axis.
        second: the variable of the lines.
        lines: its values, in the order of their colours.
    """
    numeric = is_numeric(rows[x])
    names = [] if numeric else distinct(rows[x])
    for number, line in enumerate(lines):
        own, seen = (
            part if second is None else part[part[second] == line] for part in (rows.dropna(subset="mean"), points)
        )
        at, at_seen = (
            part[x].to_numpy(float) if numeric else np.array([names.index(name) for name in part[x]], dtype=float)
            for part in (own, seen)
        )
        order = np.argsort(at, kind="stable")
        _draw_line(
            axes, own.iloc[order], at[order], (at_seen, seen["value"].to_numpy(float)), number, len(lines), numeric
        )
    if numeric:
        _numeric_axis(axes, distinct(rows[x]))
    else:
        axes.set_yticks(some(range(len(names))), some(names))
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="y" if numeric else "x")


def _draw_line(
    axes: Axes,
    rows: pd.DataFrame,
    at: Numbers,
    seen: tuple[Numbers, Numbers],
    number: int,
    total: int,
    numeric: bool,
) -> None:
    color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
    mean, lower, upper = (rows[name].to_numpy(float) for name in ("mean", "lower", "upper"))
    place = (number - (total - 1) / 2) * POINTS_BETWEEN_LINES
    moved, beside = _moved(axes, place, numeric), _moved(axes, place + POINTS_TO_SEEDS, numeric)

    def put(along: Numbers, across: Numbers) -> tuple[Numbers, Numbers]:
        return (along, across) if numeric else (across, along)

    if len(seen[0]) > len(at):
        axes.plot(*put(*seen), "o", color=color, alpha=0.4, ms=3, mew=0, zorder=1.8, transform=beside)
    if numeric:
        axes.plot(at, mean, "-", color=color, lw=1.6, zorder=2, transform=moved)
    draw_interval = axes.vlines if numeric else axes.hlines
    draw_interval(at, lower, upper, color=color, lw=1.6, zorder=2.1, transform=moved)
    over_seeds = rows["interval"].eq(SEEDS).to_numpy()
    for chosen, face in ((over_seeds, color), (~over_seeds, PAPER)):
        axes.plot(
            *put(at[chosen], mean[chosen]), marker, color=color, mfc=face, ms=6, mew=1.4, zorder=2.2, transform=moved
        )


def _moved(axes: Axes, points: float, numeric: bool) -> Transform:
    """Return data coordinates moved by some points across the intervals."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    shift = (points / 72, 0.0) if numeric else (0.0, -points / 72)
    return axes.transData + ScaledTranslation(*shift, figure.dpi_scale_trans)


def _numeric_axis(axes: Axes, values: Sequence[object]) -> None:
    numbers = [float(value) for value in values]  # type: ignore[arg-type]
    kind = scale(numbers)
    if kind == "symlog":
        axes.set_xscale("symlog", linthresh=min(value for value in numbers if value > 0), linscale=0.6)
    else:
        axes.set_xscale(kind)
    transform = axes.xaxis.get_transform()
    places = np.array([transform.transform(number) for number in numbers], dtype=float)
    room = ROOM * np.ptp(places) or 1.0
    axes.set_xlim(*(float(transform.inverted().transform(end)) for end in (places[0] - room, places[-1] + room)))
    apart = np.diff(places).min() / np.ptp(places) if len(numbers) > 1 else 1.0
    if len(numbers) <= MOST_TICKS and apart > CLOSEST_TICKS:
        axes.set_xticks(numbers, [shown(value) for value in values])
        axes.xaxis.set_minor_locator(NullLocator())


def legend_handle(number: int, numeric: bool) -> Line2D:
    """Return what stands for a line in the legend."""
    color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
    return Line2D([], [], color=color, marker=marker, ms=6, lw=1.6 if numeric else 0)
