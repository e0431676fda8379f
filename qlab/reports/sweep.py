"""What a sweep ends in: tables, a figure and a page, made of its points and their records."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.files import write_bytes
from qlab.reports import facts
from qlab.reports.failures import failures
from qlab.reports.figure import png, svg
from qlab.reports.findings import caption, explanation, findings, notices, summary
from qlab.reports.grouping import grouped
from qlab.reports.page import Bars, inline, render
from qlab.reports.sweep_figure import sweep_figure
from qlab.reports.tables import Cells, csv, escape_markdown, grouped_cells, latex, markdown
from qlab.reports.values import counted, decimals, shown

Records = Callable[[], Sequence[Mapping[str, Any]]]
Draw = Callable[[Path], str | None]
METRIC = "accuracy"
OTHER_METRICS = ("val_accuracy", "balanced_accuracy", "roc_auc", "average_precision", "cross_entropy")
_OF_A_POINT = ("status", METRIC, *OTHER_METRICS, "trainable", "kept_epoch", "train_key", "evaluation_key")


def write_sweep(
    folder: Path,
    table: pd.DataFrame,
    swept: Sequence[str],
    *,
    title: str,
    request: Mapping[str, Any],
    records: Records,
    draw: Draw | None = None,
) -> None:
    """Write ``results.csv``, ``results.md``, ``results.tex``, ``figure.svg``, ``figure.png`` and ``report.html``.

    Each is whole or not there. The same table gives the same bytes, but for the page, which tells times.

    Args:
        folder: the sweep's, ``OUTPUT_DIR/sweeps/NAME-KEY``.
        table: one row per point: the swept keys, ``status``, ``n``, metrics, keys, ``run`` (a folder below
            ``OUTPUT_DIR``), ``error``, ``log``, and times in the last columns.
        swept: the swept keys.
        title: what the page is called.
        request: what was asked: ``overrides`` and ``paired``.
        records: returns the records behind the points.
        draw: returns the drawing of the circuit of the run in a folder; None where there is none.
    """
    groups = grouped(table, swept, metric=METRIC)
    cells = grouped_cells(groups, [key for key in swept if key != "seed"], METRIC)
    figure = sweep_figure(table, swept, metric=METRIC)
    drawn, note = svg(figure), explanation(table, groups)
    write_bytes(folder / "results.csv", csv(table).encode())
    text = f"# {escape_markdown(title)}\n\n{markdown(cells)}\n{escape_markdown(note)}\n"
    write_bytes(folder / "results.md", text.encode())
    write_bytes(folder / "results.tex", latex(cells, f"{title}. {note}").encode())
    write_bytes(folder / "figure.svg", drawn)
    write_bytes(folder / "figure.png", png(figure))
    _write_page(folder, table, swept, title, request, records(), drawn, draw)


def write_sweep_page(
    folder: Path,
    table: pd.DataFrame,
    swept: Sequence[str],
    *,
    title: str,
    request: Mapping[str, Any],
    records: Records,
    draw: Draw | None = None,
) -> Path:
    """Write ``report.html`` alone and return where it is; arguments as for ``write_sweep``."""
    drawn = svg(sweep_figure(table, swept, metric=METRIC))
    return _write_page(folder, table, swept, title, request, records(), drawn, draw)


def _write_page(
    folder: Path,
    table: pd.DataFrame,
    swept: Sequence[str],
    title: str,
    request: Mapping[str, Any],
    found: Sequence[Mapping[str, Any]],
    drawn: bytes,
    draw: Draw | None,
) -> Path:
    keys = [key for key in swept if key != "seed"]
    groups = grouped(table, swept, metric=METRIC)
    note = caption(table, swept, groups)
    page = render(
        "sweep.html",
        kind="Sweep",
        title=title,
        command=command(request),
        summary=summary(table, found),
        notices=notices(table, swept, groups, found),
        findings=findings(table, keys, groups),
        drawing=inline(drawn, note),
        caption=note,
        groups=grouped_cells(groups, keys, METRIC),
        bars=Bars.of(groups),
        other_metrics=_other_metrics(table, swept, keys),
        failures=failures(table, swept, folder),
        executions=facts.executions(found),
        points=point_cells(table, swept),
        size=counted(len(table), "point"),
        dataset=facts.dataset(found) if found else None,
        configuration=common_configuration(table, found),
        provenance=facts.provenance(found) if found else None,
        folder=folder.name,
        **first_circuit(table, swept, found, folder.absolute().parent.parent, draw),
    )
    write_bytes(folder / "report.html", page)
    return folder / "report.html"


def command(request: Mapping[str, Any], name: str = "sweep") -> str:
    """Return the command line that asked for a sweep or, by its name, for something else made of points."""
    paired = (f"--paired {','.join(keys)}" for keys in request.get("paired") or ())
    return " ".join([f"qlab {name}", *(shlex.quote(str(word)) for word in request.get("overrides") or ()), *paired])


def common_configuration(table: pd.DataFrame, records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the config of the records that answer points; a training that is only evaluated answers none."""
    answering = set(table["evaluation_key"].where(table["evaluation_key"].ne(""), table["train_key"]))
    answers = [record for record in records if record["key"] in answering] or list(records)
    return facts.configuration(answers) if answers else None


def _other_metrics(table: pd.DataFrame, swept: Sequence[str], keys: Sequence[str]) -> Cells | None:
    known = [metric for metric in OTHER_METRICS if metric in table]
    if not known:
        return None
    means = [grouped(table, swept, metric=metric) for metric in known]
    rows = [
        [*(shown(value) for value in fixed), *(decimals(value) for value in values)]
        for fixed, *values in zip(
            means[0][list(keys)].itertuples(index=False, name=None), *(mean["mean"] for mean in means), strict=True
        )
    ]
    return Cells([*keys, *(metric.replace("_", " ") for metric in known)], rows)


def point_cells(table: pd.DataFrame, swept: Sequence[str]) -> Cells:
    """Return the points for a reader."""
    columns = [*swept, *(name for name in _OF_A_POINT if name in table)]
    metrics = {METRIC, *OTHER_METRICS}
    written = (table[name].map(decimals if name in metrics else shown) for name in columns)
    return Cells(
        [name.replace("_", " ") if name not in swept else name for name in columns], list(zip(*written, strict=True))
    )


def first_circuit(
    table: pd.DataFrame, swept: Sequence[str], records: Sequence[Mapping[str, Any]], root: Path, draw: Draw | None
) -> dict[str, Any]:
    """Return the drawing and the resources of the circuit of the first point that has one."""
    quantum = {record["key"]: record for record in records if record.get("circuit")}
    points = table[table["status"].eq("done") & table["train_key"].isin(quantum)].to_dict("records")
    if not points:
        return {"circuit": None, "resources": None}
    first = points[0]
    text = draw(root / first["run"]) if draw is not None else None
    where = ", ".join(f"{key} = {shown(first[key])}" for key in swept)
    drawn = {"title": f"The circuit at {where}" if where else "The circuit", "text": text} if text else None
    return {"circuit": drawn, "resources": facts.circuit(quantum[first["train_key"]])}
