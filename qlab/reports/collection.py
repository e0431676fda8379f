"""Every record under an output folder, as one table."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from qlab.errors import CorruptFileError, QlabWarning
from qlab.records.record import EvaluationRecord, Record, TrainRecord
from qlab.records.store import RunFolder, finished_runs

R = TypeVar("R", bound=Record)


def all_records(output_dir: Path) -> pd.DataFrame:
    """Return one row per training run and per evaluation, nested values as dotted columns.

    The column ``kind`` says which it is, ``run`` is the run's folder below ``output_dir``. A value that a record does
    not have is missing. A record that is damaged or of another version of qlab is left out, with a warning that names
    it.
    """
    rows = []
    for folder in finished_runs(output_dir):
        for record in _records(folder):
            rows.append({"run": folder.path.relative_to(output_dir).as_posix(), **_flat(dataclasses.asdict(record))})
    return frame(rows)[_columns(rows)]


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a table in which whole numbers stay whole where some are missing."""
    table = pd.DataFrame(list(rows), dtype=object)
    return table.apply(_typed) if len(table.columns) else table


def _records(folder: RunFolder) -> list[Record]:
    """Return the record of a run and those of its evaluations in the order they were made, as far as they are whole."""
    run = _read(TrainRecord, folder.result)
    evaluations = (_read(EvaluationRecord, path) for path in sorted(folder.evaluations.glob("*.json")))
    made = sorted((record for record in evaluations if record is not None), key=lambda record: record.finished)
    return [*([run] if run is not None else []), *made]


def _read(kind: type[R], path: Path) -> R | None:
    try:
        return kind.read(path)
    except CorruptFileError as error:
        warnings.warn(str(error), QlabWarning, stacklevel=4)
        return None


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of all columns, those of one part of a record beside each other."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        for part in _parts(name):
            first.setdefault(part, position)
    whole = {part for name in names for part in _parts(name)[:-1]}  # such a part is missing where it has a column
    return sorted(
        (name for name in names if name not in whole), key=lambda name: [first[part] for part in _parts(name)]
    )


def _parts(name: str) -> list[str]:
    """Return ``a``, ``a.b`` and ``a.b.c`` for ``a.b.c``."""
    words = name.split(".")
    return [".".join(words[: length + 1]) for length in range(len(words))]


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return flat


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    known = column.dropna()
    if len(known) < len(column) and len(known) and all(type(value) is int for value in known):
        return column.astype("Int64")
    return column.infer_objects()
