"""What attacks on a comparison end in: tables and a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qlab.files import write_bytes
from qlab.reports.attacked_comparison_cells import labelled, remarks
from qlab.reports.attacked_comparison_figure import attacked_comparison_figure
from qlab.reports.comparison_cells import comparison_cells
from qlab.reports.comparison_rows import Row, comparison_frame
from qlab.reports.figure import svg
from qlab.reports.tables import csv, escape_markdown, markdown


def write_attacked_comparison(folder: Path, rows: Sequence[Row], result: Mapping[str, Any], *, title: str) -> None:
    """Write ``table.csv``, ``table.md`` and ``figure.svg``, each whole or not at all.

    Args:
        folder: of the result.
        rows: the circuit against each model under each attack; settings end with ``attack`` and ``eps``.
        result: the rest of what ``qlab.jobs.attack.contestants.AttackedComparison`` holds.
        title: what the comparison is called.
    """
    cells = comparison_cells(labelled(rows, result), [*result["settings"], "attack", "eps"])
    said = map(escape_markdown, remarks(rows, result))
    document = "\n\n".join([f"# {escape_markdown(title)} under attack", markdown(cells).rstrip("\n"), *said])
    write_bytes(folder / "table.csv", csv(comparison_frame(rows)).encode())
    write_bytes(folder / "table.md", f"{document}\n".encode())
    write_bytes(folder / "figure.svg", svg(attacked_comparison_figure(rows, result)))
