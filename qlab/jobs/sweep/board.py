"""How far a sweep is, for whoever looks on."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.task import Task


@dataclass(frozen=True)
class End:
    """How a task ended.

    Attributes:
        accuracy: on the test part; None where it failed.
        error: why it failed, or empty.
        seconds: it took; None where its worker died.
        diverged: whether it failed because its loss was not finite.
    """

    accuracy: float | None
    error: str
    seconds: float | None
    diverged: bool = False


class Board:
    """What of a sweep is done, what is left and how long that takes; updated as results come.

    Attributes:
        total: tasks to run, in both stages.
        ended: those that are done or failed.
        failed: those that failed or were lost.
        best: the highest accuracy of a point so far and the task that has it, or None.
    """

    def __init__(self, folder: SweepFolder, total: int, seconds: Mapping[str, float], workers: int) -> None:
        self.total, self.ended, self.failed = total, 0, 0
        self.best: tuple[float, Task] | None = None
        self._points, self._seconds, self._workers = folder.points.parent / "points", seconds, workers
        self._left, self._done = sum(seconds.values()), 0.0
        self._since = time.time()
        self._paced_from = (self._since, 0, 0.0)
        self._running: frozenset[str] = frozenset()

    def begin(self, tasks: Sequence[Task]) -> None:
        """Know what may be running from now on."""
        self._running = frozenset(task.id for task in tasks)

    def end(self, task: Task, end: End) -> None:
        """Note that a task ended."""
        self.ended += 1
        self.failed += bool(end.error)
        self._running -= {task.id}
        self._left -= self._seconds.get(task.id, 0.0)
        self._done += self._seconds.get(task.id, 0.0)
        if self.ended == self._workers:
            self._paced_from = (time.time(), self.ended, self._done)
        if end.accuracy is not None:
            self.note(task, end.accuracy)

    def note(self, task: Task, accuracy: float) -> None:
        """Note the accuracy of a task; it counts if it answers a point."""
        if task.answers and (self.best is None or accuracy > self.best[0]):
            self.best = accuracy, task

    def drop(self, tasks: Sequence[Task]) -> None:
        """Note that tasks are not run after all."""
        self.total -= len(tasks)
        self._left -= sum(self._seconds.get(task.id, 0.0) for task in tasks)

    def running(self) -> int:
        """Return how many tasks have begun and not ended."""
        names = set()
        with suppress(OSError), os.scandir(self._points) as files:
            names = {
                file.name.removesuffix(".json")
                for file in files
                if file.name.endswith(".json") and file.stat().st_mtime >= self._since - 1
            }
        return min(len(names & self._running), self._workers)

    def seconds_left(self) -> float | None:
        """Return how long the rest takes at the pace so far, in proportion to the estimates; None before it is known.

        The first result of each worker says nothing of the pace, for it waited for the data to be prepared.
        """
        if self.ended <= self._workers:
            return None
        since, ended, done = self._paced_from
        elapsed = time.time() - since
        if self._done > done:
            return elapsed / (self._done - done) * max(self._left, 0.0)
        return elapsed / (self.ended - ended) * (self.total - self.ended)


class Listener(Protocol):
    """Looks on: a terminal with a live view, plain lines, or nobody."""

    def begins(self, stage: str, tasks: Sequence[Task], board: Board) -> None:
        """A stage begins with ``tasks`` to run."""
        ...

    def ended(self, task: Task, end: End, board: Board) -> None:
        """A task is done, or has failed."""
        ...

    def pulse(self) -> None:
        """Work in this process goes on; an exception ends it."""
        ...


class Nobody:
    """Looks at nothing."""

    def begins(self, stage: str, tasks: Sequence[Task], board: Board) -> None:
        """Ignore it."""

    def ended(self, task: Task, end: End, board: Board) -> None:
        """Ignore it."""

    def pulse(self) -> None:
        """Ignore it."""
