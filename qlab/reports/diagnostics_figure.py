"""The figure of diagnostics: expressibility, entanglement and variance of gradients of every head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from qlab.reports.diagnostics_tables import QUBITS, Point, Result
from qlab.reports.figure import MARKERS, MUTED, PAPER, SERIES, settle, some, style
from qlab.reports.values import shown

_SIZE = (8.6, 6.4)  # inches
_DASHED = (0, (4, 3))
_OBSERVABLES = {"local": "Z on qubit 0", "global": "Z on all qubits"}


@dataclass(frozen=True)
class _Line:
    """Heads that belong together: its name in the legend, its place among the lines, where its points stand."""

    name: str
    number: int
    at: Sequence[float]
    points: Sequence[Point]
    joined: bool

    @property
    def color(self) -> str:
        return SERIES[self.number % len(SERIES)]

    @property
    def marker(self) -> str:
        return MARKERS[self.number % len(MARKERS)]

    def draw(self, axes: Axes, found: Sequence[Mapping[str, float]], value: str, *, full: bool = True) -> None:
        """Draw a value of every point with its standard error; one that is 0 has no place on a logarithmic axis."""
        seen = [(x, each) for x, each in zip(self.at, found, strict=True) if each[value] > 0]
        axes.errorbar(
            [x for x, _ in seen],
            [each[value] for _, each in seen],
            [each["standard_error"] for _, each in seen],
            fmt=f"{self.marker}{'-' if self.joined else ''}",
            color=self.color,
            mfc=self.color if full else PAPER,
            ms=6,
            mew=1.4,
            lw=1.6,
        )


def diagnostics_figure(result: Result) -> Figure:
    """Return the figure of a result: against the number of qubits where it is swept, else head by head."""
    lines = _lines(result)
    with style():
        figure = Figure(figsize=_SIZE, layout="constrained")
        panels = list(figure.subplots(2, 2, sharex=True).flat)
        _draw_states(panels[0], lines, "expressibility", "divergence")
        _draw_states(panels[1], lines, "entanglement", "mean")
        panels[0].set_title("KL divergence from Haar", loc="left")
        panels[1].set_title("Meyer-Wallach measure", loc="left")
        panels[0].set_ylim(bottom=0)
        panels[1].set_ylim(-0.03, 1.03)
        for axes, observable in zip(panels[2:], _OBSERVABLES, strict=True):
            _draw_variances(axes, lines, observable)
        for axes in panels:
            axes.grid(visible=True, axis="y")
            axes.xaxis.set_minor_locator(NullLocator())
        for axes in panels[2:]:
            _ticks(axes, result)
        _legend(figure, lines)
        settle(figure)
    return figure


def _lines(result: Result) -> list[_Line]:
    points: Sequence[Point] = result["points"]
    if QUBITS not in result["swept"]:
        return [_Line("", 0, range(len(points)), points, joined=False)]
    groups: dict[str, list[Point]] = {}
    for point in sorted(points, key=lambda point: int(point["n_qubits"])):
        groups.setdefault(_described(point), []).append(point)
    names = dict.fromkeys(_described(point) for point in points)
    return [
        _Line(name, number, [float(point["n_qubits"]) for point in groups[name]], groups[name], joined=True)
        for number, name in enumerate(names)
    ]


def _described(point: Point) -> str:
    values = {key.removeprefix("head."): shown(value) for key, value in point["values"].items() if key != QUBITS}
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _draw_states(axes: Axes, lines: Sequence[_Line], what: str, value: str) -> None:
    for line in lines:
        line.draw(axes, [point[what] for point in line.points], value)
    haar = {x: point[what]["haar"] for line in lines for x, point in zip(line.at, line.points, strict=True)}
    axes.plot(sorted(haar), [haar[x] for x in sorted(haar)], color=MUTED, ls=_DASHED, lw=1.2, zorder=1.5)


def _draw_variances(axes: Axes, lines: Sequence[_Line], observable: str) -> None:
    for line in lines:
        for init in ("uniform", "own"):
            kinds = (each for point in line.points for each in point["gradients"])
            found = [each["parameter"] for each in kinds if (each["init"], each["observable"]) == (init, observable)]
            line.draw(axes, found, "value", full=init == "uniform")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"Gradient variance, {_OBSERVABLES[observable]}", loc="left")


def _ticks(axes: Axes, result: Result) -> None:
    points = result["points"]
    if QUBITS in result["swept"]:
        places = some(sorted({int(point["n_qubits"]) for point in points}))
        axes.set_xticks(places, [str(place) for place in places])
        axes.set_xlabel("qubits")
        return
    labels = some([_described(point) or f"{point['n_qubits']} qubits" for point in points])
    turned = len(labels) > 1
    axes.set_xticks(some(range(len(points))), labels, rotation=30 if turned else 0, ha="right" if turned else "center")
    axes.set_xlim(-0.5, len(points) - 0.5)


def _legend(figure: Figure, lines: Sequence[_Line]) -> None:
    handles = {
        "weights uniform in ±π": Line2D([], [], color=MUTED, marker="o", lw=0),
        "the head's own first weights": Line2D([], [], color=MUTED, marker="o", mfc=PAPER, lw=0),
        "Haar-random states": Line2D([], [], color=MUTED, ls=_DASHED, lw=1.2),
        **{line.name: Line2D([], [], color=line.color, marker=line.marker, lw=1.6) for line in lines if line.name},
    }
    figure.legend(list(handles.values()), list(handles), loc="outside upper left", ncols=3)
