"""Pages of HTML that hold everything they need: style, figures and tables, no script, nothing from elsewhere."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qlab.reports.figure import GRID, INK, MUTED, PAPER, SERIES
from qlab.reports.grouping import SEEDS
from qlab.reports.values import decimals, is_missing

PIXELS_PER_POINT = (0.9, 1.6)  # of a figure: still legible, and with all the room it wants
# Colours of a figure that follow the page's, light or dark.
_VARIABLES = {
    PAPER: "var(--paper)",
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    **{color: f"var(--series-{number})" for number, color in enumerate(SERIES)},
}


@dataclass(frozen=True)
class Place:
    """Where an interval and its mean stand, in per cent of the width of a column."""

    left: float
    width: float
    mean: float
    alone: bool


@dataclass(frozen=True)
class Bars:
    """Intervals of a table's rows on one scale."""

    low: str
    high: str
    places: list[Place | None]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Bars | None:
        """Return the intervals of rows with ``mean``, ``lower``, ``upper`` and ``interval``; None without any."""
        low, high = rows["lower"].min(), rows["upper"].max()
        if not high > low:
            return None

        def place(row: dict[Any, Any]) -> Place | None:
            if is_missing(row["lower"]):
                return None
            left, mean, right = (100 * (row[name] - low) / (high - low) for name in ("lower", "mean", "upper"))
            return Place(round(left, 2), round(right - left, 2), round(mean, 2), row["interval"] != SEEDS)

        return cls(decimals(low, 3), decimals(high, 3), [place(row) for row in rows.to_dict("records")])


def render(template: str, **content: Any) -> bytes:
    """Return a page; whatever is not marked as safe is escaped."""
    return _environment().get_template(template).render(**content).encode()


def inline(figure: bytes, description: str) -> Markup:
    """Return a figure, given as SVG, to stand in a page in the page's colours and fonts."""
    text = figure.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    width = re.search(r'width="([\d.]+)pt"', text)
    assert width is not None
    least, most = (float(width[1]) * pixels for pixels in PIXELS_PER_POINT)
    style = f"min-width:{least:.0f}px;max-width:{most:.0f}px"
    for color, variable in _VARIABLES.items():
        text = text.replace(f": {color}", f": {variable}")
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" style="{style}" ', 1))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("qlab.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
