"""Figures as SVG with its text kept as text, and as PNG; the same bytes for the same content."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import matplotlib.style
from matplotlib.figure import Figure

T = TypeVar("T")
# Told apart by all common kinds of colour vision (Okabe and Ito), less the yellow that is lost on white.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#5f6672")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
PAPER, INK, MUTED, GRID = "#fefefe", "#1c1f24", "#6b7079", "#d9dce2"
DOTS_PER_INCH = 200
MOST_TICKS = 40
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "qlab",
    "text.parse_math": False,  # names may hold dollar signs
    "axes.unicode_minus": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.0,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in qlab's style; what other code has set is left as it was."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the reader's own fonts may have it
            yield
    finally:
        logger.setLevel(level)


def some(items: Sequence[T]) -> Sequence[T]:
    """Return the items if there is room for all of them along an axis, otherwise every so many."""
    return items[:: math.ceil(len(items) / MOST_TICKS) or 1]


def settle(figure: Figure) -> None:
    """Lay a figure out once, so that it is the same however often it is saved."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG."""
    return _saved(figure, "svg", {"Date": None})


def png(figure: Figure) -> bytes:
    """Return a figure as PNG, 200 dots per inch."""
    return _saved(figure, "png", {"Software": None})


def _saved(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    content = io.BytesIO()
    with style():
        figure.savefig(content, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()
