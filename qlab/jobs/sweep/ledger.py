"""What of a sweep is done, what is to run, and what is left alone because it failed before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlab.errors import CorruptFileError
from qlab.jobs.sweep import state
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.request import Request
from qlab.jobs.sweep.state import State
from qlab.jobs.sweep.task import EVALUATION, Task
from qlab.records.record import EvaluationRecord, Record, TrainRecord
from qlab.records.store import RunFolder


@dataclass(frozen=True)
class Selection:
    """Tasks by what becomes of them.

    Attributes:
        found: done before.
        run: to run, those last whose process died of them before.
        left: failed or lost before, and not to be tried again.
    """

    found: tuple[Task, ...]
    run: tuple[Task, ...]
    left: tuple[tuple[Task, State], ...]


class Runs:
    """The run folders of an output folder by their key, from one look at it."""

    def __init__(self, output_dir: Path) -> None:
        runs = output_dir / "runs"
        paths = sorted(runs.glob("*-*")) if runs.is_dir() else []
        self._folders = {path.name.rpartition("-")[2]: RunFolder(path) for path in reversed(paths)}
        self._damaged: dict[Path, bool] = {}

    def finished(self, train_key: str) -> RunFolder | None:
        """Return the folder of a training that is finished and has a record that is not damaged."""
        folder = self._folders.get(train_key)
        if folder is None or not folder.is_finished or self._is_damaged(folder.result, TrainRecord):
            return None
        return folder

    def evaluated(self, train_key: str, evaluation_key: str) -> Path | None:
        """Return the record of an evaluation that is done, of a training that is; None too where it is damaged."""
        folder = self.finished(train_key)
        record = folder.evaluation(evaluation_key) if folder is not None else None
        if record is None or not record.is_file() or self._is_damaged(record, EvaluationRecord):
            return None
        return record

    def is_done(self, task: Task) -> bool:
        """Return whether the record of a task is there, and not damaged."""
        if task.stage == EVALUATION:
            return self.evaluated(task.train_key, task.evaluation_key) is not None
        return self.finished(task.train_key) is not None

    def is_damaged(self, task: Task) -> bool:
        """Return whether the record of a task is there, but damaged, so that it is in the way of a new one."""
        folder = self._folders.get(task.train_key)
        if folder is None:
            return False
        if task.stage == EVALUATION:
            record = folder.evaluation(task.evaluation_key)
            return record.is_file() and self._is_damaged(record, EvaluationRecord)
        return folder.is_finished and self._is_damaged(folder.result, TrainRecord)

    def accuracy(self, task: Task) -> float:
        """Return the accuracy that the record of a task says; raises ``CorruptFileError`` where it is damaged."""
        folder = self._folders[task.train_key]
        if task.stage == EVALUATION:
            return float(EvaluationRecord.read(folder.evaluation(task.evaluation_key)).metrics["accuracy"])
        return float(TrainRecord.read(folder.result).metrics["accuracy"])

    def _is_damaged(self, path: Path, kind: type[Record]) -> bool:
        """Return whether a file is no record; one that may not be read could still be one."""
        if path not in self._damaged:
            self._damaged[path] = False
            try:
                kind.read(path)
            except CorruptFileError:
                self._damaged[path] = True
            except OSError:
                pass
        return self._damaged[path]


def select(tasks: Iterable[Task], runs: Runs, folder: SweepFolder, request: Request) -> Selection:
    """Return what becomes of each task."""
    found, fresh, died, left = [], [], list[tuple[int, Task]](), []
    for task in tasks:
        if not request.force and runs.is_done(task):
            found.append(task)
            continue
        known = state.read(folder.state(task.id))
        held = None if request.force or request.rerun_failed else _held(known, task, folder)
        if held is not None:
            left.append((task, held))
        elif known is not None and known.state == state.BEGUN:
            died.append((known.deaths, task))
        else:
            fresh.append(task)
    last = [task for _, task in sorted(died, key=lambda pair: pair[0])]
    return Selection(tuple(found), (*fresh, *last), tuple(left))


def forget(tasks: Sequence[Task], folder: SweepFolder, request: Request) -> None:
    """Begin anew with what failed before where that was asked for."""
    if request.force or request.rerun_failed:
        for task in tasks:
            state.write(folder.state(task.id), None)


def _held(known: State | None, task: Task, folder: SweepFolder) -> State | None:
    """Return the state in which a task stays, or None if it is to run."""
    if known is None or known.passing:
        return None
    if known.state != state.BEGUN:
        return known
    deaths = state.deaths(folder.state(task.id), task.checkpoint)
    if deaths < state.MOST_DEATHS:
        return None
    return State(state.LOST, known.session, deaths, f"its process ended {deaths} times in the middle of it")
