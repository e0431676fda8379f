"""How far a sweep is: counts, what is running, the time that is left, the best point."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from qlab.config.grid import grid
from qlab.jobs.sweep import state
from qlab.jobs.sweep.board import Board, End
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.points import check_points
from qlab.jobs.sweep.task import Task, evaluations, trainings
from tests.jobs.sweep.small import SMALL


@pytest.fixture
def tasks(workplace: Path) -> list[Task]:
    points = check_points(grid([*SMALL, "seed=0,1", "noise=bit_flip", "noise.p=0.1,0.2"]))
    return [*trainings(points), *evaluations(points)]


def test_time_left_is_in_proportion_to_the_estimates(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    seconds = {task.id: 10.0 if task.stage == "training" else 5.0 for task in tasks}
    board = Board(SweepFolder(Path("sweep")), len(tasks), seconds, 2)
    for task in tasks[:2]:
        assert board.seconds_left() is None
        now += 900  # most of it for data, which are prepared once
        board.end(task, End(0.5, "", 900.0))
    assert board.seconds_left() is None
    now += 15
    board.end(tasks[2], End(0.5, "", 15.0))
    assert board.seconds_left() == pytest.approx(3 * 15)  # three times slower than thought
    board.drop([tasks[-1]])
    assert board.seconds_left() == pytest.approx(3 * 10)
    board.end(tasks[3], End(None, "failed", 1.0))
    assert (board.ended, board.failed, board.total) == (4, 1, 5)


def test_without_estimates_tasks_count_alike(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    board = Board(SweepFolder(Path("sweep")), len(tasks), {}, 1)
    for task, seconds in zip(tasks[:2], (83, 4), strict=True):
        now += seconds
        board.end(task, End(0.5, "", seconds))
    assert board.seconds_left() == pytest.approx(4 * 4)


def test_the_best_is_of_tasks_that_answer_a_point(tasks: list[Task]) -> None:
    board = Board(SweepFolder(Path("sweep")), len(tasks), {}, 1)
    board.end(tasks[0], End(0.99, "", 1.0))  # a training that only evaluations need
    assert board.best is None
    for task, accuracy in zip(tasks[2:5], (0.5, 0.7, 0.6), strict=True):
        board.end(task, End(accuracy, "", 1.0))
    assert board.best == (0.7, tasks[3])


def test_what_is_running_is_seen_from_its_files(tasks: list[Task], workplace: Path) -> None:
    folder = SweepFolder(workplace / "sweep")
    board = Board(folder, len(tasks), {}, 4)
    assert board.running() == 0
    board.begin(tasks[:2])
    for task in tasks[1:3]:
        state.begin(folder.state(task.id), "session", task.checkpoint, in_process=True)
    assert board.running() == 1
    board.end(tasks[1], End(0.5, "", 1.0))
    assert board.running() == 0
