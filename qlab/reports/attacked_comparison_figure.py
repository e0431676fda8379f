"""The figure of attacks on a comparison: what is still answered rightly against eps, for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qlab.reports.attack_figure import scale_eps
from qlab.reports.attack_tables import NAMES
from qlab.reports.attacked_comparison_cells import means
from qlab.reports.comparison_figure import MOST_SETTINGS
from qlab.reports.comparison_rows import Row
from qlab.reports.figure import MARKERS, MUTED, SERIES, settle, style

_PANEL, _LEGEND = (3.6, 2.8), 0.7  # inches
_DASHED = (0, (4, 3))
_CLEAN = "none"
Ends = tuple[float, float, float]


def attacked_comparison_figure(rows: Sequence[Row], result: Mapping[str, Any]) -> Figure:
    """Return the robustness curves: a panel for each attack, a line of panels for each setting.

    Lines are means over seeds, bands their intervals. At most ``MOST_SETTINGS`` settings are drawn.
    """
    curves = means(rows)
    settings = list(dict.fromkeys(where[:-1] for where in curves))[:MOST_SETTINGS]
    attacks = [name for name in dict.fromkeys(where[-1] for where in curves) if name != _CLEAN] or [_CLEAN]
    models = list(dict.fromkeys(name for of_models in curves.values() for name in of_models))
    with style():
        size = (_PANEL[0] * len(attacks), _PANEL[1] * max(len(settings), 1) + _LEGEND)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(max(len(settings), 1), len(attacks), squeeze=False, sharey=True)
        for line, setting in zip(panels, settings, strict=False):
            clean = curves.get((*setting, _CLEAN), {})
            for axes, attack in zip(line, attacks, strict=True):
                _panel(axes, clean, curves.get((*setting, attack), {}), models, result)
                named = zip(result["settings"], setting, strict=True)
                title = ", ".join([NAMES.get(attack, attack), *(f"{key} = {value}" for key, value in named)])
                axes.set_title(title, loc="left")
        for axes in panels[-1]:
            axes.set_xlabel(f"eps, L-infinity, {result['options']['units']} units")
        for line in panels:
            line[0].set_ylabel("rightly answered")
        figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=5)
        settle(figure)
    return figure


def _panel(
    axes: Axes,
    clean: Mapping[str, Mapping[float, Ends]],
    curves: Mapping[str, Mapping[float, Ends]],
    models: Sequence[str],
    result: Mapping[str, Any],
) -> None:
    radii = result["eps"]
    scale_eps(axes, [0.0, *(radius["value"] for radius in radii)], ["0", *(radius["label"] for radius in radii)])
    axes.axhline(result["chance"], color=MUTED, ls=_DASHED, lw=1.2, label="chance", zorder=1.5)
    for number, name in enumerate(models):
        points = sorted({**clean.get(name, {}), **curves.get(name, {})}.items())
        at = [eps for eps, _ in points]
        mean, low, high = ([ends[place] for _, ends in points] for place in range(3))
        color = SERIES[number % len(SERIES)]
        axes.fill_between(at, low, high, color=color, alpha=0.15, lw=0, zorder=1.6)
        axes.plot(at, mean, marker=MARKERS[number % len(MARKERS)], color=color, ms=4, lw=1.6, label=name)
    axes.set_ylim(-0.03, 1.03)
    axes.grid(visible=True, axis="y")
