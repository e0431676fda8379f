"""What a sweep would take, before it takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qlab.config import registry
from qlab.config.compose import compose, plain
from qlab.config.grid import grid
from qlab.config.validate import component
from qlab.jobs.sweep.estimate import estimate, together
from qlab.jobs.sweep.folder import SweepFolder, sweep_folder
from qlab.jobs.sweep.ledger import Runs, Selection, select
from qlab.jobs.sweep.points import Point, check_points
from qlab.jobs.sweep.request import LAUNCHER, Request
from qlab.jobs.sweep.task import Task, evaluations, trainings
from qlab.launchers.base import Launcher
from qlab.progress import Progress


@dataclass(frozen=True)
class Sweep:
    """Points that are checked and ready to run.

    Attributes:
        request: what was asked.
        asked: the same as plain values: not where or how it runs.
        keys: names of the values that tell points apart.
        points: every point, in order.
        launcher: what runs them.
        folder: where its own files go.
    """

    request: Request
    asked: Mapping[str, Any]
    keys: tuple[str, ...]
    points: tuple[Point, ...]
    launcher: Launcher
    folder: SweepFolder

    @property
    def sharing(self) -> int:
        """How many points share a computation with another."""
        return sum(count for count in Counter(point.id for point in self.points).values() if count > 1)

    def runs(self) -> Runs:
        """Return the run folders that are there now."""
        return Runs(self.points[0].output_dir)

    def select(self, tasks: Sequence[Task], runs: Runs) -> Selection:
        """Return what becomes of each task."""
        return select(tasks, runs, self.folder, self.request)


@dataclass(frozen=True)
class Plan:
    """What a sweep would take.

    Attributes:
        trainings: by what becomes of them.
        evaluations: likewise, should all trainings succeed.
        seconds: how long each task that is to run takes in one worker, by its id.
        total: how long all take in the launcher's workers, without loading and encoding data.
    """

    trainings: Selection
    evaluations: Selection
    seconds: Mapping[str, float]
    total: float


def check(request: Request) -> Sweep:
    """Compose and check every point, and the launcher; run and write nothing.

    Raises:
        RequestError: something of it is wrong; the message names the point.
    """
    launcher = chosen_launcher(request)
    spanned = grid(request.overrides, request.paired)
    points = tuple(check_points(spanned))
    asked = {
        "overrides": list(request.overrides),
        "paired": [list(pair) for pair in request.paired],
        "sweep": spanned.values(),
        "points": len(points),
    }
    return Sweep(request, asked, spanned.swept, points, launcher, sweep_folder(points))


def plan(sweep: Sweep, progress: Progress) -> Plan:
    """Return what ``sweep`` would take; loads data where there is something to run.

    Raises:
        RequestError: the data of a point are missing, or do not fit it.
    """
    runs = sweep.runs()
    stages = [sweep.select(tasks(sweep.points), runs) for tasks in (trainings, evaluations)]
    to_run = [task for stage in stages for task in stage.run]
    if to_run:
        progress.say(f"timing a few steps of {len(sweep.points)} points")
    seconds = estimate(to_run, sweep.launcher.threads)
    of_stages = ([seconds[task.id] for task in stage.run] for stage in stages)
    total = sum(together(list(of_stage), sweep.launcher.workers) for of_stage in of_stages)
    return Plan(stages[0], stages[1], seconds, total)


def chosen_launcher(request: Request) -> Launcher:
    """Return the launcher that a request chooses; raises ``RequestError`` where there is none."""
    chosen = component(LAUNCHER, plain(compose("launch", request.launcher)).get(LAUNCHER))
    launcher: Launcher = registry.build(chosen.options)
    return launcher
