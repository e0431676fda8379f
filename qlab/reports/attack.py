"""What an attack ends in: tables, a figure and a page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from qlab.files import write_bytes
from qlab.reports import facts
from qlab.reports.attack_figure import attack_figure
from qlab.reports.attack_tables import Result, check_cells, curve_cells, flat_rows, note, published_cells, verdict
from qlab.reports.figure import svg
from qlab.reports.page import inline, render
from qlab.reports.tables import csv, escape_markdown, markdown

_CAPTION = "With 95 % Wilson intervals. Dashed: what no attack fools, and chance."


def write_attack(folder: Path, result: Result, *, title: str) -> None:
    """Write ``table.csv``, ``table.md``, ``figure.svg`` and ``report.html``, each whole or not at all.

    Args:
        folder: of the result.
        result: what ``qlab.jobs.attack.attack.Attack`` holds.
        title: what the page is called.
    """
    drawn, published, checks = svg(attack_figure(result)), published_cells(result), check_cells(result)
    parts = [
        f"# {escape_markdown(title)}",
        markdown(curve_cells(result)),
        *([markdown(published)] if published else []),
        *([markdown(checks)] if checks else []),
        escape_markdown(f"{verdict(result)} {note(result)}"),
    ]
    write_bytes(folder / "table.csv", csv(pd.DataFrame(flat_rows(result))).encode())
    write_bytes(folder / "table.md", "\n".join(f"{part.rstrip()}\n" for part in parts).encode())
    write_bytes(folder / "figure.svg", drawn)
    page = render(
        "attack.html",
        kind="Adversarial attack",
        title=title,
        notices=[verdict(result)] if result["masked"] else [],
        summary=f"{verdict(result)} {note(result)}",
        drawing=inline(drawn, _CAPTION),
        caption=_CAPTION,
        curves=curve_cells(result),
        published=published,
        checks=checks,
        dataset=facts.dataset([result]),
        configuration=yaml.safe_dump(
            {"attack": result["options"], "run": result["config"]}, sort_keys=False, allow_unicode=True, width=100
        ),
        provenance=facts.provenance([result]),
        folder=f"{result['run']}, attack {result['key']}",
    )
    write_bytes(folder / "report.html", page)
