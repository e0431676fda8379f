"""The runs of a comparison, as its folder names them."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlab.errors import CorruptFileError, RequestError, UnknownNameError
from qlab.evaluation.comparison import CIRCUIT
from qlab.records.store import RunFolder, find_folder, find_run

REQUEST, POINTS, TABLE = "comparison.yaml", "points.json", "results.csv"
DONE, DIVERGED, NOT_RUN = "done", "diverged", "not run"
_MODEL, _SEED, _STATUS = "twin", "seed", "status"


@dataclass(frozen=True)
class Entry:
    """One run of a comparison.

    Attributes:
        setting: values of what was swept, as text; may be empty.
        model: ``circuit``, or the name of a twin or a rival.
        seed: of the run.
        status: how it ended, ``done`` or not.
        run: its folder's name; empty where there is none.
        trainable: number of its trainable parameters; None where unknown.
    """

    setting: Mapping[str, str]
    model: str
    seed: int
    status: str
    run: str
    trainable: int | None


@dataclass(frozen=True)
class ComparisonFolder:
    """``outputs/comparisons/<name>-<key>/`` and the runs that were compared."""

    path: Path
    entries: tuple[Entry, ...]

    @property
    def attacks(self) -> Path:
        """Where results of attacks stand."""
        return self.path / "attacks"

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the values that tell settings apart."""
        return tuple(self.entries[0].setting)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, the circuit first."""
        return tuple(dict.fromkeys(entry.model for entry in self.entries))

    def run(self, name: str) -> RunFolder:
        """Return the folder of the run that is called so."""
        return RunFolder(self.path.absolute().parent.parent / "runs" / name)

    def of_models(self, wanted: Collection[str] | None) -> tuple[Entry, ...]:
        """Return the runs of the circuit and of the wanted models, of all without any names.

        Raises:
            UnknownNameError: there is no such model.
        """
        for name in wanted or ():
            if name not in self.models:
                raise UnknownNameError("model", name, self.models)
        return tuple(entry for entry in self.entries if wanted is None or entry.model in {CIRCUIT, *wanted})


def find_attacked(output_dir: Path, wanted: str) -> RunFolder | ComparisonFolder:
    """Return the finished run or comparison that ``wanted`` names: a path, a folder's name, a key, or a start.

    Raises:
        UnknownNameError: there is none.
        RequestError: there are several, or the one is not finished.
        CorruptFileError: the comparison is damaged.
    """
    given = Path(wanted)
    if not any((given / name).is_file() for name in (REQUEST, "config.yaml")):
        given = find_folder("run or comparison", [output_dir / "runs", output_dir / "comparisons"], wanted)
    return _comparison(given) if (given / REQUEST).is_file() else find_run(output_dir, str(given))


def _comparison(path: Path) -> ComparisonFolder:
    if not (path / TABLE).is_file():
        raise RequestError(f"the comparison {path.name} has no table yet; repeat its command to go on with it")
    try:
        with (path / TABLE).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = list(rows[0])
        settings = [name for name in columns[: columns.index(_STATUS)] if name not in (_MODEL, _SEED)]
        entries = tuple(_entry(row, settings) for row in rows)
        complete = len(entries) == len(json.loads((path / POINTS).read_bytes()))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CorruptFileError(f"{path / TABLE} is damaged; repeat the comparison's command") from error
    if not complete or any(entry.status == NOT_RUN for entry in entries):
        raise RequestError(f"the comparison {path.name} is not finished; repeat its command to go on with it")
    return ComparisonFolder(path, entries)


def _entry(row: Mapping[str, str], settings: Sequence[str]) -> Entry:
    trainable = row["trainable"]
    return Entry(
        setting={name: row[name] for name in settings},
        model=row[_MODEL],
        seed=int(row[_SEED]),
        status=row[_STATUS],
        run=row["run"].rpartition("/")[2],
        trainable=int(trainable) if trainable else None,
    )
