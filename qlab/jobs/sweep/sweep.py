"""The sweep itself: trainings, then evaluations, then the table, whatever happened."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from qlab.errors import CorruptFileError
from qlab.jobs.drawing import drawing
from qlab.jobs.loaded_data import LOADED
from qlab.jobs.sweep import state
from qlab.jobs.sweep.board import Board, End, Listener, Nobody
from qlab.jobs.sweep.ledger import Runs, Selection, forget
from qlab.jobs.sweep.log import Log, pulse
from qlab.jobs.sweep.plan import Plan, Sweep
from qlab.jobs.sweep.table import DIVERGED, DONE, FAILED, LOST, Results, Trouble
from qlab.jobs.sweep.task import EVALUATION, TRAINING, Task, document, evaluations, trainings
from qlab.jobs.sweep.work import work
from qlab.launchers.base import Lost, Outcome
from qlab.launchers.isolation import launch
from qlab.launchers.serial import Serial
from qlab.reports.sweep import write_sweep

T = TypeVar("T")


@dataclass(frozen=True)
class Swept:
    """What a sweep came to.

    Attributes:
        path: its folder.
        keys: the swept keys.
        table: one row per point.
    """

    path: Path
    keys: tuple[str, ...]
    table: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Points by how they ended."""
        found = self.table["status"].value_counts()
        return {str(status): int(count) for status, count in found.items()}

    @property
    def is_complete(self) -> bool:
        """Whether every point is done."""
        return set(self.counts) == {DONE}


def sweep(checked: Sweep, planned: Plan | None = None, listener: Listener | None = None) -> Swept:
    """Run what of a sweep is not done, and write its table, figure and report; these also after Ctrl-C.

    Args:
        checked: every point.
        planned: what it was estimated to take, for the time that is left.
        listener: looks on.

    Raises:
        JobError: the launcher cannot run anything.
    """
    return carry_out(checked, _write, planned, listener)


def carry_out(
    checked: Sweep,
    finish: Callable[[Sweep, Results], T],
    planned: Plan | None = None,
    listener: Listener | None = None,
) -> T:
    """Run what is not done, and return what ``finish`` makes of the results; it is called after Ctrl-C, too.

    Raises:
        JobError: the launcher cannot run anything.
    """
    running = _Running(checked, planned, listener or Nobody())
    try:
        running.stages()
    except BaseException:
        with suppress(Exception):
            finish(checked, running.results())
        raise
    finally:
        LOADED.forget()
    return finish(checked, running.results())


def _write(checked: Sweep, found: Results) -> Swept:
    """Write the table, the figure and the report of a sweep."""
    path, table = checked.folder.path, found.table(checked.keys)
    title = path.name.rpartition("-")[0]
    write_sweep(
        path, table, checked.keys, title=title, request=dict(checked.asked), records=found.records, draw=drawing
    )
    return Swept(path, checked.keys, table)


class _Running:
    """Points while they run."""

    def __init__(self, checked: Sweep, planned: Plan | None, listener: Listener) -> None:
        self._sweep, self._listener = checked, listener
        self._session = uuid.uuid4().hex
        self._troubles: dict[str, Trouble] = {}
        self._stopped = False
        self._tasks = {TRAINING: trainings(checked.points), EVALUATION: evaluations(checked.points)}
        runs = checked.runs()
        expected = [checked.select(tasks, runs) for tasks in self._tasks.values()]
        total = sum(len(selection.run) for selection in expected)
        seconds: Mapping[str, float] = planned.seconds if planned is not None else {}
        self._board = Board(checked.folder, total, seconds, checked.launcher.workers)

    def stages(self) -> None:
        """Run both stages."""
        checked = self._sweep
        checked.folder.write(checked.asked, checked.points)
        for stage, tasks in self._tasks.items():
            self._stage(stage, tasks)

    def results(self) -> Results:
        """Read what is there."""
        return Results(self._sweep.points, self._sweep.runs(), self._troubles)

    def _stage(self, stage: str, tasks: Sequence[Task]) -> None:
        checked = self._sweep
        runs = checked.runs()
        selection = checked.select(tasks, runs)
        self._note(selection, runs)
        possible, impossible = list[Task](), list[Task]()
        for task in selection.run:
            is_possible = stage == TRAINING or runs.finished(task.train_key) is not None
            (possible if is_possible else impossible).append(task)
        self._board.drop(impossible)
        if self._stopped or not possible:
            return
        forget(possible, checked.folder, checked.request)
        self._board.begin(possible)
        self._listener.begins(stage, possible, self._board)
        try:
            self._launch(possible, runs)
        finally:
            for task in possible:
                state.take_back(checked.folder.state(task.id), self._session)

    def _launch(self, tasks: Sequence[Task], runs: Runs) -> None:
        checked, request = self._sweep, self._sweep.request
        threads, in_process = checked.launcher.threads, isinstance(checked.launcher, Serial)
        arguments = [
            document(
                task,
                checked.folder,
                self._session,
                threads,
                force=request.force or runs.is_damaged(task),
                in_process=in_process,
            )
            for task in tasks
        ]

        def begun(position: int) -> bool:
            return self._has_begun(tasks[position])

        outcomes = launch(checked.launcher, work, arguments, begun, keeps_going=not request.fail_fast)
        with pulse(self._listener.pulse), closing(outcomes):
            for outcome in outcomes:
                task = tasks[outcome.position]
                self._end(task, outcome)
                if request.fail_fast and task.id in self._troubles:
                    self._stopped = True
                    return

    def _end(self, task: Task, outcome: Outcome) -> None:
        if isinstance(outcome, Lost):
            end = End(None, outcome.reason, None)
            self._troubles[task.id] = Trouble(LOST, end.error)
            state.write(self._sweep.folder.state(task.id), state.State(state.LOST, self._session, error=end.error))
            Log(self._sweep.folder.log(task.id)).say(end.error)
        else:
            end = End(**json.loads(outcome.answer))
            if end.error:
                self._troubles[task.id] = Trouble(DIVERGED if end.diverged else FAILED, end.error)
        self._board.end(task, end)
        self._listener.ended(task, end, self._board)

    def _has_begun(self, task: Task) -> bool:
        known = state.read(self._sweep.folder.state(task.id))
        return known is not None and known.session == self._session

    def _note(self, selection: Selection, runs: Runs) -> None:
        """Remember why tasks are left alone, and the best of those that are done."""
        for task, known in selection.left:
            self._troubles[task.id] = Trouble(known.state, known.error)
        for task in selection.found:
            with suppress(CorruptFileError):
                self._board.note(task, runs.accuracy(task))
