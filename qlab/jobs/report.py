"""The page of a finished run or of a sweep, made anew from what is in its folder; that of a comparison as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.errors import CorruptFileError, RequestError
from qlab.jobs.drawing import drawing
from qlab.records.record import EvaluationRecord, TrainRecord
from qlab.records.store import RunFolder, find_folder, find_run, read_yaml
from qlab.reports.grouping import FAILED
from qlab.reports.run import write_run_page
from qlab.reports.sweep import METRIC, OTHER_METRICS, write_sweep_page

_SWEEP, _COMPARISON = "sweep.yaml", "comparison.yaml"
_AGAIN = "repeat the sweep's command"
_TEXTS = ["status", "train_key", "evaluation_key", "run", "error", "log", "finished"]
_NUMBERS = ["n", METRIC, *OTHER_METRICS, "trainable", "kept_epoch", "training_seconds", "evaluation_seconds"]
_STATES = ("done", *FAILED, "not run")


def report(wanted: str, output_dir: Path) -> Path:
    """Write the page of the run or sweep that ``wanted`` names (a path, a folder name, a key) and return where it is.

    A comparison writes its page itself: that is found.

    Raises:
        UnknownNameError: there is none.
        RequestError: there are several, or nothing of it is finished.
        CorruptFileError: one of its files is damaged.
    """
    given = Path(wanted)
    if given.name in ("", ".."):  # the folder's name says what it is
        given = given.resolve()
    if any((given / name).is_file() for name in (_SWEEP, _COMPARISON, "config.yaml")):
        folder = given
    else:
        places = [output_dir / name for name in ("runs", "sweeps", "comparisons")]
        folder = find_folder("run, sweep or comparison", places, wanted)
    if (folder / _COMPARISON).is_file():
        return _of_comparison(folder)
    return _of_sweep(folder) if (folder / _SWEEP).is_file() else _of_run(find_run(output_dir, str(folder)))


def _of_run(folder: RunFolder) -> Path:
    write_run_page(folder, drawing(folder.path))
    return folder.report


def _of_comparison(folder: Path) -> Path:
    page = folder / "report.html"
    if not page.is_file():
        raise RequestError(f"the comparison {folder.name} has no page yet; repeat its command to go on with it")
    return page


def _of_sweep(folder: Path) -> Path:
    request = read_yaml(folder / _SWEEP, advice=_AGAIN)
    table = _table(folder / "results.csv", request)
    swept = [str(name) for name in table.columns[: list(table.columns).index("status")]]
    return write_sweep_page(
        folder,
        table,
        swept,
        title=folder.name.rpartition("-")[0],
        request=request,
        records=lambda: _records(table, folder.absolute().parent.parent),
        draw=drawing,
    )


def _table(path: Path, request: Mapping[str, Any]) -> pd.DataFrame:
    """Return the table of a sweep; one that lacks a row, a column or the end of a line is damaged."""
    if not path.is_file():
        raise RequestError(f"the sweep {path.parent.name} has no table yet; repeat its command to go on with it")
    damage = CorruptFileError(f"{path} is damaged; {_AGAIN}")
    try:
        # Keys are text, though some look like numbers.
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=False, na_values=[""])
        table[_TEXTS] = table[_TEXTS].fillna("")
        if "average_precision" not in table:  # a table from before there was this metric
            table["average_precision"] = float("nan")
        table[_NUMBERS].astype(float)
    except (ValueError, KeyError) as error:
        raise damage from error
    if not (path.read_bytes().endswith(b"\n") and _has_all(table, request)):
        raise damage
    return table


def _has_all(table: pd.DataFrame, request: Mapping[str, Any]) -> bool:
    return (
        len(table) == request.get("points", len(table))
        and set(request.get("sweep") or ()) <= set(table.columns)
        and bool(table["status"].isin(_STATES).all())
    )


def _records(table: pd.DataFrame, output_dir: Path) -> list[Mapping[str, Any]]:
    """Return the records behind the points of a sweep that can still be read, trainings first."""
    done = table[table["status"].eq("done")]
    found: list[Mapping[str, Any]] = []
    for name in done["run"].unique():
        found += _read(TrainRecord, RunFolder(output_dir / name).result)
    for name, key in done.loc[done["evaluation_key"] != "", ["run", "evaluation_key"]].itertuples(index=False):
        found += _read(EvaluationRecord, RunFolder(output_dir / name).evaluation(key))
    return found


def _read(kind: type[TrainRecord | EvaluationRecord], path: Path) -> list[Mapping[str, Any]]:
    try:
        return [dataclasses.asdict(kind.read(path))]
    except (CorruptFileError, OSError):
        return []
