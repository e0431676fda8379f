"""The folder of a run and what stands in it."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from filelock import FileLock
from numpy.typing import NDArray

from qlab.errors import CorruptFileError, RequestError, UnknownNameError
from qlab.files import atomic_write, remove_drafts, write_bytes

LONGEST_NAME = 80


class RunFolder:
    """``outputs/runs/<name>-<key>/``; a run is finished when ``result.json`` is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.manifest = path / "manifest.json"
        self.checkpoint = path / "checkpoint.safetensors"
        self.model = path / "model.safetensors"
        self.history = path / "history.csv"
        self.trace = path / "trace.csv"
        self.predictions = path / "predictions.npz"
        self.log = path / "log.txt"
        self.result = path / "result.json"
        self.report = path / "report.html"
        self.evaluations = path / "evaluations"
        self.attacks = path / "attacks"

    @property
    def key(self) -> str:
        """The run's key, the last part of the folder's name."""
        return self.path.name.rpartition("-")[2]

    @property
    def root(self) -> Path:
        """The output folder that the run belongs to."""
        return self.path.absolute().parent.parent

    @property
    def name(self) -> str:
        """The folder's name without the key."""
        return self.path.name.rpartition("-")[0]

    @property
    def is_finished(self) -> bool:
        """Whether the record is there, and what it is a record of."""
        return all(file.is_file() for file in (self.result, self.model, self.predictions))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone; another process that asks for it waits."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / ".lock"):
            yield

    @contextmanager
    def claimed(self) -> Iterator[RunFolder]:
        """Hold the run's key alone among all runs, and yield its folder, held alone.

        It is this one, or the one that another process has made under another name meanwhile. What a killed process
        had not written to its end is removed.
        """
        runs = self.path.parent
        runs.mkdir(parents=True, exist_ok=True)
        with FileLock(runs / f".{self.key}.lock"):
            folder = run_folder(runs.parent, self.name, self.key)
            with folder.locked():
                remove_drafts(folder.path)
                yield folder

    def evaluation(self, key: str) -> Path:
        """Return the record of the evaluation ``key``."""
        return self.evaluations / f"{key}.json"

    @contextmanager
    def evaluating(self, key: str) -> Iterator[None]:
        """Hold the evaluation ``key`` alone; another process that asks for it waits."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / f".{key}.lock"):
            yield

    def clear(self) -> None:
        """Forget the result and the checkpoint, so that the run starts anew; evaluations and attacks go too."""
        written = (self.result, self.checkpoint, self.model, self.history, self.predictions, self.log, self.report)
        for file in (*written, *self.path.glob("checkpoint-*.safetensors")):
            file.unlink(missing_ok=True)
        for file in self.evaluations.glob("*"):
            file.unlink()
        if self.attacks.is_dir():
            shutil.rmtree(self.attacks)

    def append_log(self, line: str) -> None:
        """Add a line to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def run_folder(output_dir: Path, name: str, key: str) -> RunFolder:
    """Return the folder of the run ``key``: the one that is there, under whatever name, or a new one."""
    runs = output_dir / "runs"
    existing = sorted(runs.glob(f"*-{key}")) if runs.is_dir() else []
    return RunFolder(existing[0] if existing else runs / f"{safe_name(name)}-{key}")


def find_run(output_dir: Path, wanted: str) -> RunFolder:
    """Return the finished run that ``wanted`` names: a path, a folder name, a key, or the start of one of them.

    Raises:
        UnknownNameError: there is none.
        RequestError: there are several, or the one is not finished.
    """
    if (Path(wanted) / "config.yaml").is_file():
        return _finished(RunFolder(Path(wanted)))
    return _finished(RunFolder(find_folder("run", [output_dir / "runs"], wanted)))


def find_folder(kind: str, parents: Iterable[Path], wanted: str) -> Path:
    """Return the folder ``NAME-KEY`` in one of ``parents`` that ``wanted`` names: by its name, its key, or a start.

    Raises:
        UnknownNameError: there is none.
        RequestError: there are several.
    """
    folders = [path for parent in parents for path in sorted(parent.glob("*-*")) if path.is_dir()]
    matches = [path for path in folders if path.name.startswith(wanted) or path.name.endswith(f"-{wanted}")]
    matches = matches or [path for path in folders if path.name.rpartition("-")[2].startswith(wanted)]
    if not matches:
        raise UnknownNameError(kind, wanted, [path.name for path in folders])
    if len(matches) > 1:
        several = " or ".join(f"{word}s" for word in kind.split(" or "))
        raise RequestError(f"'{wanted}' names {len(matches)} {several}: {', '.join(path.name for path in matches)}")
    return matches[0]


def finished_runs(output_dir: Path) -> list[RunFolder]:
    """Return the finished runs under ``output_dir``, sorted by name."""
    return [RunFolder(result.parent) for result in sorted((output_dir / "runs").glob("*/result.json"))]


def write_yaml(path: Path, values: Mapping[str, Any]) -> None:
    """Write plain values as YAML, whole or not at all."""
    write_bytes(path, yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True).encode())


def read_yaml(path: Path, *, advice: str = "train the run again with --force") -> dict[str, Any]:
    """Read plain values.

    Raises:
        CorruptFileError: the file is damaged; the message ends with ``advice``.
    """
    try:
        values = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, OSError) as error:
        raise CorruptFileError(f"{path} is damaged; {advice}") from error
    if not isinstance(values, dict):
        raise CorruptFileError(f"{path} is damaged; {advice}")
    return values


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows with the keys of the first as header, whole or not at all; floats keep every digit."""
    listed = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    write_bytes(path, text.getvalue().encode())


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as npz, whole or not at all."""
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read arrays from npz.

    Raises:
        CorruptFileError: the file is damaged or missing.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:
        raise CorruptFileError(f"{path} is damaged or missing; train the run again with --force") from error


def _finished(folder: RunFolder) -> RunFolder:
    if not folder.is_finished:
        raise RequestError(f"the run {folder.path.name} is not finished; repeat its command to go on with it")
    return folder


def safe_name(name: str) -> str:
    """Return ``name`` as a part of a folder name: no separators, not too long, never empty."""
    cleaned = re.sub(r"[^\w.+=-]+", "_", name).strip("._-")[:LONGEST_NAME]
    return cleaned or "run"
