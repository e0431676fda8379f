"""What diagnostics end in: tables, a figure and a page."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd

from qlab.files import write_bytes
from qlab.reports import facts
from qlab.reports.diagnostics_figure import diagnostics_figure
from qlab.reports.diagnostics_tables import Result, fit_cells, flat_rows, gradient_cells, note, state_cells
from qlab.reports.figure import svg
from qlab.reports.page import inline, render
from qlab.reports.tables import csv, escape_markdown, markdown
from qlab.reports.values import counted

_CAPTION = (
    "With one standard error. Full marks: weights uniform between -π and π; hollow ones: the head's own first weights; "
    "dashed: Haar-random states, for the divergence as many as were drawn. Gradients are those by one parameter."
)


def write_diagnostics(folder: Path, result: Result, *, title: str) -> None:
    """Write ``table.csv`` (a row per head), ``table.md``, ``figure.svg`` and ``report.html``, each whole or not at all.

    Args:
        folder: of the result.
        result: what ``qlab.jobs.diagnose.diagnose.Diagnosed`` holds.
        title: what the page is called.
    """
    drawn, fits = svg(diagnostics_figure(result)), fit_cells(result)
    parts = [
        f"# {escape_markdown(title)}",
        markdown(state_cells(result)),
        markdown(gradient_cells(result)),
        *([markdown(fits)] if fits else []),
        escape_markdown(note(result)),
    ]
    write_bytes(folder / "table.csv", csv(pd.DataFrame(flat_rows(result))).encode())
    write_bytes(folder / "table.md", "\n".join(f"{part.rstrip()}\n" for part in parts).encode())
    write_bytes(folder / "figure.svg", drawn)
    page = render(
        "diagnostics.html",
        kind="Diagnostics",
        title=title,
        notices=[],
        command=" ".join(["qlab diagnose", *(shlex.quote(word) for word in result["overrides"])]),
        summary=f"{counted(len(result['points']), 'head')}. {note(result)}",
        drawing=inline(drawn, _CAPTION),
        caption=_CAPTION,
        states=state_cells(result),
        gradients=gradient_cells(result),
        fits=fits,
        configuration=facts.in_common(result["heads"]),
        provenance=facts.provenance([result]),
        folder=folder.name,
    )
    write_bytes(folder / "report.html", page)
