"""The state of work that is not done: who began it, how often its process ended, when it is given up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qlab.config.grid import grid
from qlab.jobs.sweep import state
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.ledger import Runs, select
from qlab.jobs.sweep.points import check_points
from qlab.jobs.sweep.request import Request
from qlab.jobs.sweep.state import BEGUN, FAILED, LOST, State
from qlab.jobs.sweep.task import Task, trainings
from tests.jobs.sweep.small import SMALL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points" / "task.json"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint"


def test_deaths_are_counted_one_after_the_other(path: Path, checkpoint: Path) -> None:
    assert state.begin(path, "first", checkpoint, in_process=True) is None
    assert state.deaths(path, checkpoint) == 1
    assert state.begin(path, "second", checkpoint, in_process=True) == State(BEGUN, "first", in_process=True)
    assert state.read(path) == State(BEGUN, "second", deaths=1, in_process=True)
    assert state.deaths(path, checkpoint) == 2


def test_who_got_further_has_not_died(path: Path, checkpoint: Path) -> None:
    for session in ("first", "second"):
        state.begin(path, session, checkpoint, in_process=True)
    checkpoint.touch()
    later = path.stat().st_mtime_ns + 10**9
    os.utime(checkpoint, ns=(later, later))
    assert state.deaths(path, checkpoint) == 0
    os.utime(checkpoint, ns=(0, 0))
    assert state.deaths(path, checkpoint) == 2


def test_the_end_of_a_sweep_is_no_death_of_what_its_workers_did(path: Path, checkpoint: Path) -> None:
    for session in ("first", "second", "third", "fourth"):
        state.begin(path, session, checkpoint, in_process=False)
    assert state.deaths(path, checkpoint) == 0
    state.begin(path, "fifth", checkpoint, in_process=True)
    state.begin(path, "sixth", checkpoint, in_process=False)
    assert state.deaths(path, checkpoint) == 1


def test_an_interruption_leaves_no_trace(path: Path, checkpoint: Path) -> None:
    state.begin(path, "mine", checkpoint, in_process=True)
    state.take_back(path, "other")
    assert path.exists()
    state.take_back(path, "mine")
    assert not path.exists()
    for session in ("first", "second"):
        state.begin(path, session, checkpoint, in_process=True)
    state.take_back(path, "second")
    assert state.deaths(path, checkpoint) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "begun"}', b'{"state": 1, "sessions": 2}', b"\xff"])
def test_what_cannot_be_read_is_not_known(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert state.read(path) is None


def test_what_becomes_of_each_task(workplace: Path) -> None:
    tasks = trainings(check_points(grid([*SMALL, "seed=range(7)"])))
    folder = SweepFolder(workplace / "sweep")
    known = {
        1: State(FAILED, "s", error="wrong"),
        2: State(LOST, "s", error="died"),
        3: State(BEGUN, "s", deaths=1, in_process=True),
        4: State(BEGUN, "s", deaths=2, in_process=True),
        5: State(FAILED, "s", error="no space", passing=True),
        6: State(BEGUN, "s"),
    }
    for position, kept in known.items():
        state.write(folder.state(tasks[position].id), kept)

    def positions(chosen: tuple[Task, ...]) -> list[int]:
        return [tasks.index(task) for task in chosen]

    runs = Runs(workplace / "outputs")
    usual = select(tasks, runs, folder, Request(()))
    assert positions(usual.run) == [0, 5, 6, 3]  # whose process ended come last, the oftener the later
    assert [(tasks.index(task), kept.state, kept.error) for task, kept in usual.left] == [
        (1, "failed", "wrong"), (2, "lost", "died"), (4, "lost", "its process ended 3 times in the middle of it"),
    ]  # fmt: skip
    for request in (Request((), rerun_failed=True), Request((), force=True)):
        again = select(tasks, runs, folder, request)
        assert sorted(positions(again.run)) == list(range(7))
        assert again.left == ()
