"""What a comparison ends in: tables, a figure and a page, made of its points, its statistics and its records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.evaluation.comparison import CIRCUIT
from qlab.files import write_bytes
from qlab.reports import facts
from qlab.reports.comparison_cells import comparison_cells, note
from qlab.reports.comparison_effort import NOTE, TITLE, effort_cells
from qlab.reports.comparison_figure import comparison_figure
from qlab.reports.comparison_findings import constant_answer, left_out, notices, seeds_in_words, told, tuned
from qlab.reports.comparison_rows import Row, comparison_frame
from qlab.reports.failures import failures
from qlab.reports.figure import svg
from qlab.reports.findings import summary
from qlab.reports.page import inline, render
from qlab.reports.sweep import Draw, Records, command, common_configuration, first_circuit, point_cells
from qlab.reports.tables import Cells, csv, escape_markdown, latex, markdown
from qlab.reports.values import counted, shown

_OPTIONS = ("seeds", "tune", "metric", "twins", "vary")
_CAPTION = (
    "Left: the circuit's metric less the twin's. Small dots are single seeds, the marker is their mean with Student's "
    "95 % interval, and its shape and colour are the verdict. Right: the means of the twins with their intervals; the "
    "line and the band are those of the circuit."
)


def write_comparison(
    path: Path,
    points: pd.DataFrame,
    rows: Sequence[Row],
    *,
    settings: Sequence[str],
    metric: str,
    title: str,
    request: Mapping[str, Any],
    records: Records,
    varied: Mapping[str, bool],
    draw: Draw | None = None,
) -> None:
    """Write ``results.csv``, ``comparison.csv``, ``.md`` and ``.tex``, ``figure.svg`` and ``report.html``.

    Each is whole or not there. The same points and rows give the same bytes, but for the page. Points tell times,
    which differ from one run of the same to the next.

    Args:
        path: the folder, two levels below ``OUTPUT_DIR``.
        points: one row per setting, model and seed: the keys of the setting, ``twin`` (``circuit`` for the quantum
            model itself), ``seed``, and the columns of a sweep's table.
        rows: the comparisons, in the order of the tables.
        settings: the keys of what was swept; may be empty.
        metric: the column of ``points`` that is compared.
        title: what the page is called.
        request: what was asked: ``overrides``, the comparison's own options by name, ``remarks`` (sentences),
            ``left_out`` (by setting, reasons by twin), and ``tuned`` (by setting and model, values by key).
        records: returns the records behind the points.
        varied: whether seeds differ in it, for each source of chance, e.g. ``{"first weights": True, "split": False}``.
        draw: returns the drawing of the circuit of the run in a folder; None where there is none.
    """
    cells, text = comparison_cells(rows, settings), note(rows, metric)
    drawn = svg(comparison_figure(rows, metric=metric))
    remarks = [str(sentence) for sentence in request.get("remarks") or ()]
    said = [*(f"{part.name}: {part.overall}" if part.name else part.overall for part in told(rows)), text, *remarks]
    effort = effort_cells(points, settings)
    write_bytes(path / "results.csv", csv(points).encode())
    write_bytes(path / "comparison.csv", csv(comparison_frame(rows)).encode())
    write_bytes(path / "comparison.md", _document(title, cells, said, effort).encode())
    write_bytes(path / "comparison.tex", latex(cells, f"{title}. {text}").encode())
    write_bytes(path / "figure.svg", drawn)
    page = render(
        "comparison.html",
        title=title,
        command=_command(request),
        drawing=inline(drawn, _CAPTION) if rows else None,
        varied=seeds_in_words(varied),
        effort=effort,
        effort_title=TITLE,
        effort_note=NOTE,
        remarks=remarks,
        left_out=left_out(request.get("left_out") or {}),
        tuned=tuned(request.get("tuned") or {}),
        **_of_rows(rows, metric),
        **_of_points(path, points, rows, settings, metric, records(), draw),
    )
    write_bytes(path / "report.html", page)


def _document(title: str, cells: Cells, said: Sequence[str], effort: Cells | None) -> str:
    """Return the comparison as Markdown."""
    parts = [f"# {escape_markdown(title)}", markdown(cells).rstrip("\n"), *map(escape_markdown, said)]
    if effort is not None:
        parts += [f"## {TITLE}", markdown(effort).rstrip("\n"), escape_markdown(NOTE)]
    return "\n\n".join(parts) + "\n"


def _command(request: Mapping[str, Any]) -> str:
    """Return the command line that asked for a comparison; options that are not set need not be said."""
    given = {name: request.get(name) for name in _OPTIONS}
    own = [f"{name}={shown(value).replace(', ', ',')}" for name, value in given.items() if value or value == []]
    rivals = [
        f"{name}: {json.dumps(words, ensure_ascii=False)}" for name, words in (request.get("rivals") or {}).items()
    ]
    own += [f"rivals={{{', '.join(rivals)}}}"] if rivals else []
    return command({"overrides": [*(request.get("overrides") or ()), *own]}, "compare")


def _of_rows(rows: Sequence[Row], metric: str) -> dict[str, Any]:
    named = {CIRCUIT: rows[0].circuit, **{row.comparison.twin: row.twin for row in rows}} if rows else {}
    return {
        "kind": "Comparison",
        "told": told(rows),
        "note": note(rows, metric),
        "caption": _CAPTION,
        "models": {name: known.description for name, known in named.items() if known.description},
    }


def _of_points(
    path: Path,
    points: pd.DataFrame,
    rows: Sequence[Row],
    settings: Sequence[str],
    metric: str,
    found: Sequence[Mapping[str, Any]],
    draw: Draw | None,
) -> dict[str, Any]:
    keys = [*settings, "twin", "seed"]
    circuits = points[points["twin"].eq(CIRCUIT)]
    of_circuits = [record for record in found if record["key"] in _keys(circuits)]
    return {
        "summary": summary(points, found),
        "notices": notices(points, rows, settings, found),
        "constant": constant_answer(points, metric),
        "failures": failures(points, keys, path),
        "executions": facts.executions(found),
        "points": point_cells(points, keys),
        "size": counted(len(points), "run"),
        "dataset": facts.dataset(found) if found else None,
        "configuration": common_configuration(circuits, of_circuits or found),
        "provenance": facts.provenance(found) if found else None,
        "folder": path.name,
        **first_circuit(circuits, keys, of_circuits, path.absolute().parent.parent, draw),
    }


def _keys(points: pd.DataFrame) -> set[str]:
    return {*points["train_key"], *points["evaluation_key"]}
