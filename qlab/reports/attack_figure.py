"""The figure of an attack: what is still answered rightly against eps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from matplotlib.transforms import ScaledTranslation

from qlab.reports.attack_tables import NAMES, Result, lines
from qlab.reports.figure import INK, MARKERS, MUTED, SERIES, settle, style

_SIZE = (8.0, 4.4)  # inches
_DASHED = (0, (4, 3))
_BETWEEN = 2.5  # points; lines stand side by side, so that no interval hides another
_CLOSEST = 0.045  # of the axis, between two labelled ticks


def attack_figure(result: Result) -> Figure:
    """Return the robustness curves of a result, all from the accuracy without attack at 0."""
    curves = lines(result)
    with style():
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        at = [0.0, *(radius["value"] for radius in result["eps"])]
        scale_eps(axes, at, ["0", *(radius["label"] for radius in result["eps"])])
        for number, (name, shares) in enumerate(result["curves"].items()):
            place = (number - (len(result["curves"]) - 1) / 2) * _BETWEEN
            _draw(axes, at, [result["clean"], *shares], name, number, place)
        if "worst" in curves:
            accuracy = [share["accuracy"] for share in (result["clean"], *curves["worst"])]
            axes.plot(at, accuracy, ls="--", color=INK, lw=1.2, label=NAMES["worst"], zorder=2.5)
        axes.axhline(result["chance"], color=MUTED, ls=_DASHED, lw=1.2, label="chance", zorder=1.5)
        axes.set_ylim(-0.03, 1.03)
        axes.grid(visible=True, axis="y")
        axes.set_title("Share of examples rightly answered", loc="left")
        axes.set_xlabel(f"eps, L-infinity, {result['options']['units']} units")
        figure.legend(loc="outside upper left", ncols=6)
        settle(figure)
    return figure


def _draw(
    axes: Axes, at: Sequence[float], shares: Sequence[Mapping[str, Any]], name: str, number: int, place: float
) -> None:
    figure = axes.get_figure(root=True)
    assert figure is not None
    moved = axes.transData + ScaledTranslation(place / 72, 0.0, figure.dpi_scale_trans)
    color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
    accuracy = [share["accuracy"] for share in shares]
    axes.vlines(at, [s["low"] for s in shares], [s["high"] for s in shares], color=color, lw=1.6, transform=moved)
    axes.plot(at, accuracy, marker=marker, color=color, ms=5, lw=1.6, label=NAMES[name], transform=moved)


def scale_eps(axes: Axes, at: Sequence[float], labels: Sequence[str]) -> None:
    """Spread small eps out, and label those that have room."""
    axes.set_xscale("symlog", linthresh=at[1], linscale=0.6)
    transform = axes.xaxis.get_transform()
    places = [float(transform.transform(value)) for value in at]
    span = places[-1] - places[0]
    axes.set_xlim(*(float(transform.inverted().transform(end)) for end in (-0.05 * span, places[-1] + 0.05 * span)))
    shown, last = [], -span
    for place, value, label in zip(places, at, labels, strict=True):
        if place - last > _CLOSEST * span:
            shown.append((value, label))
            last = place
    axes.set_xticks([value for value, _ in shown], [label for _, label in shown])
    axes.xaxis.set_minor_locator(NullLocator())
