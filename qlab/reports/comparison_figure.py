"""The figure of a comparison: paired differences seed by seed, and the means beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from qlab.evaluation.comparison import CIRCUIT
from qlab.evaluation.statistics import Verdict
from qlab.reports.comparison_rows import Group, Row, by_setting, fullest
from qlab.reports.figure import INK, MUTED, SERIES, settle, style

MOST_SETTINGS = 12
WIDTH, LINE, AROUND, LEGEND = 8.4, 0.27, 0.62, 0.75  # inches
SEEDS_BELOW = 0.24  # of a line
_FARTHER = 1.4  # than the farthest, on a logarithmic axis
WIDE = 10.0  # times the typical distance from zero: beyond, a linear axis shows nothing of the others
_LOOKS: Mapping[Verdict, tuple[str, str]] = {
    "better": (SERIES[0], "^"),
    "worse": (SERIES[1], "v"),
    "not distinguishable": (SERIES[7], "o"),
}
_SEED: Mapping[str, Any] = {"marker": "o", "ms": 3, "mew": 0, "alpha": 0.5}
_DIVERGED: Mapping[str, Any] = {"marker": "x", "ms": 4.5, "mew": 1.2}


def comparison_figure(rows: Sequence[Row], *, metric: str) -> Figure:
    """Return the figure: for each setting the differences circuit - twin at the left, the means at the right.

    Differences of all settings share an axis, linear about zero and logarithmic far from it where one twin is far from
    the circuit and others are near. At most ``MOST_SETTINGS`` are drawn.
    """
    groups = list(by_setting(rows).items())[:MOST_SETTINGS]
    with style():
        heights = [AROUND + LINE * len(group) for _, group in groups] or [2.0]
        figure = Figure(figsize=(WIDTH, sum(heights) + LEGEND), layout="constrained")
        panels = figure.subplots(
            len(heights), 2, squeeze=False, sharex="col", width_ratios=(3, 2), height_ratios=heights
        )
        for (left, right), (setting, group) in zip(panels, groups, strict=False):
            _differences(left, group)
            _means(right, group)
            left.set_title(_title(setting), loc="left")
        linear = _scale([left for left, _ in panels], [row for _, group in groups for row in group])
        name = f"test {metric.replace('_', ' ')}"
        beyond = "" if linear is None else f" (logarithmic beyond ±{linear:g})"
        panels[-1][0].set_xlabel(f"{name}: circuit − twin{beyond}")
        panels[-1][1].set_xlabel(f"mean {name}")
        figure.legend(handles=_legend(rows), loc="outside upper left", ncols=3)
        settle(figure)
    return figure


def undrawn_settings(rows: Sequence[Row]) -> int:
    """Return how many settings the figure has no room for."""
    return max(0, len(by_setting(rows)) - MOST_SETTINGS)


def _title(setting: Group) -> str:
    return ", ".join(f"{key} = {value}" for key, value in setting)


def _differences(axes: Axes, group: Sequence[Row]) -> None:
    axes.axvline(0.0, color=MUTED, lw=1.2, zorder=1.5)
    for place, row in enumerate(group):
        one = row.comparison
        color, marker = _LOOKS[one.verdict]
        diverged = {*one.circuit.diverged, *one.against.diverged}
        for seed, value in one.differences.items():
            look = _DIVERGED if seed in diverged else _SEED
            axes.plot(value, place + SEEDS_BELOW, color=color, lw=0, **look)
        if one.paired.student is not None:
            axes.hlines(place, one.paired.student.low, one.paired.student.high, color=color, lw=1.6)
        axes.plot(one.paired.difference, place, marker, color=color, ms=6)
    axes.set_yticks(range(len(group)), [row.comparison.twin for row in group])
    _lines(axes, len(group))


def _means(axes: Axes, group: Sequence[Row]) -> None:
    circuit = fullest(group).comparison.circuit
    if circuit.student is not None:
        axes.axvspan(circuit.student.low, circuit.student.high, color=SERIES[0], alpha=0.15, lw=0, zorder=1)
    axes.axvline(circuit.mean, color=SERIES[0], lw=1.2, zorder=1.5)
    for place, row in enumerate(group):
        twin = row.comparison.against
        if twin.student is not None:
            axes.hlines(place, twin.student.low, twin.student.high, color=INK, lw=1.6)
        axes.plot(twin.mean, place, "o", color=INK, ms=5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _lines(axes, len(group))


def _lines(axes: Axes, count: int) -> None:
    axes.set_ylim(count - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelbottom=True)
    axes.grid(visible=True, axis="x")


def _scale(panels: Sequence[Axes], rows: Sequence[Row]) -> float | None:
    """Make the axis logarithmic away from zero where a linear one would hide what is near; return from where on."""
    drawn = [_drawn(row) for row in rows]
    reach = [max(map(abs, values)) for values in drawn]
    near = float(np.median(reach)) if reach else 0.0
    if near == 0.0 or max(reach) <= WIDE * near:
        return None
    linear = _round_up(near)
    low, high = min(min(values) for values in drawn), max(max(values) for values in drawn)
    limits = min(_FARTHER * low, -linear), max(_FARTHER * high, linear)
    decades = [linear * 10.0**power for power in range(math.ceil(math.log10(_FARTHER * max(reach) / linear)))]
    ticks = [tick for tick in (*(-value for value in decades), 0.0, *decades) if limits[0] <= tick <= limits[1]]
    for panel in panels:
        panel.set_xscale("symlog", linthresh=linear, linscale=1.5)
        panel.set_xlim(*limits)
        panel.set_xticks(ticks, [f"{tick:+g}".replace("-", "−") if tick else "0" for tick in ticks])
        panel.xaxis.set_minor_locator(NullLocator())
    return linear


def _drawn(row: Row) -> list[float]:
    """Return every difference that a row shows."""
    student = row.comparison.paired.student
    return [*row.comparison.differences.values(), *((student.low, student.high) if student else ())]


def _round_up(value: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not below a positive value."""
    power = math.pow(10.0, math.floor(math.log10(value)))
    steps = (step * power for step in (1, 2, 5))
    return next((step for step in steps if step >= value * (1 - 1e-9)), 10 * power)


def _legend(rows: Sequence[Row]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=color, marker=marker, ms=6, lw=1.6, label=f"circuit {verdict}")
        for verdict, (color, marker) in _LOOKS.items()
    ]
    handles.append(Line2D([], [], color=SERIES[0], lw=1.2, label=f"mean of the {CIRCUIT}"))
    handles.append(Line2D([], [], color=MUTED, lw=0, label="one seed", **_SEED))
    if any(row.comparison.circuit.diverged or row.comparison.against.diverged for row in rows):
        handles.append(Line2D([], [], color=MUTED, lw=0, label="one seed, diverged", **_DIVERGED))
    return handles
