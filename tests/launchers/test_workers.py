"""Every launcher with workers: tasks that kill them cost no other task, and nothing is left behind.

The commands run in processes of their own, as from a shell; everything that descends from one carries its token.
"""

from __future__ import annotations

import json
import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.launchers.conftest import PROMPT, ROOT, Launch, wait_until
from tests.launchers.work import runs

LIBRARIES = {"joblib": "joblib", "submitit_local": "submitit", "ray": "ray", "dask": "distributed"}
DEADLY = {
    "first": "answer",
    "exits": "exit",
    "fails": "fail",
    **{f"task {number}": "answer" for number in range(6)},
    "is killed": "kill",
    "last": "answer",
}
REASONS = {
    "joblib": ("its process ended with exit code 1", "its process was killed by SIGKILL"),
    "dask": ("its process ended with exit code 1", "its process was killed by SIGKILL"),
    "submitit_local": ("ended without an answer; its log is ", "ended without an answer; its log is "),
    "ray": ("its process died", "its process died"),
}


def _launcher(name: str) -> object:
    missing = find_spec(LIBRARIES[name]) is None
    marks = (
        [] if name == "joblib" else [pytest.mark.slow, pytest.mark.skipif(missing, reason=f"{name} is not installed")]
    )
    return pytest.param(name, marks=marks)


each_launcher = pytest.mark.parametrize("launcher", [_launcher(name) for name in LIBRARIES])


@each_launcher
def test_tasks_that_kill_their_worker_cost_no_other(launcher: str, launch_command: Launch, tmp_path: Path) -> None:
    command = launch_command(launcher, DEADLY, workers=2)
    outcomes, err = command.result()
    assert set(outcomes) == set(DEADLY)
    lost = {name: outcome["lost"] for name, outcome in outcomes.items() if "lost" in outcome}
    assert set(lost) == {"exits", "is killed"}
    for name, words in zip(("exits", "is killed"), REASONS[launcher], strict=True):
        assert words in lost[name]
        assert len(lost[name].splitlines()) == 1
    assert outcomes["fails"] == {"error": "this is an answer, too"}
    assert all(outcomes[name] == {"answer": None} for name in set(DEADLY) - set(lost) - {"fails"})
    assert command.others_are_gone()
    times = {name: runs(str(tmp_path), name) for name in DEADLY}
    again = {name for name, count in times.items() if count > 1}
    if launcher in ("joblib", "dask"):
        # The deadly run twice, once alone. The one other worker may have two tasks at each death: that it is at, and
        # that whose answer is still on its way.
        assert len(again - set(lost)) <= 2 * len(lost)
        assert all(times[name] == 2 for name in again)
    else:
        assert again == set()
    assert "Traceback" not in err


@each_launcher
def test_a_worker_has_its_threads_and_its_folder_and_says_little(launcher: str, launch_command: Launch) -> None:
    command = launch_command(launcher, {"a": "surroundings", "b": "surroundings"}, workers=1, threads=3)
    outcomes, err = command.result()  # standard output is JSON and nothing else
    for outcome in outcomes.values():
        answer = outcome["answer"]
        assert answer["folder"] == str(ROOT)
        assert answer["pid"] != command.process.pid
        assert answer["OMP_NUM_THREADS"] == answer["NUMBA_NUM_THREADS"] == "3"
        assert answer["OMP_WAIT_POLICY"] == "PASSIVE"
    allowed = {"this must not get to standard output", "warning: of qlab"} if launcher in ("joblib", "dask") else set()
    assert set(err.splitlines()) <= allowed
    assert command.others_are_gone()


@each_launcher
@pytest.mark.parametrize("whole_group", [False, True], ids=["to the parent", "from a terminal"])
def test_an_interrupt_ends_the_workers(
    launcher: str, whole_group: bool, launch_command: Launch, tmp_path: Path
) -> None:
    command = launch_command(launcher, dict.fromkeys("abcdefghijkl", "wait"), workers=2)
    wait_until(lambda: runs(str(tmp_path), "a") > 0 and runs(str(tmp_path), "b") > 0)
    started = time.monotonic()
    (os.killpg if whole_group else os.kill)(command.process.pid, signal.SIGINT)
    _, err = command.process.communicate(timeout=60)
    assert command.others_are_gone(PROMPT)
    assert time.monotonic() - started < PROMPT
    assert err.count("Traceback") <= 1, err  # of the parent, which has no command line around it
    assert "KeyboardInterrupt" in err
    assert "leak" not in err


def test_workers_of_joblib_end_with_a_parent_that_is_killed(launch_command: Launch, tmp_path: Path) -> None:
    command = launch_command("joblib", {"a": "wait", "b": "wait"}, workers=2)
    wait_until(lambda: runs(str(tmp_path), "a") > 0 and runs(str(tmp_path), "b") > 0)
    command.process.kill()
    command.process.communicate()
    assert command.others_are_gone(PROMPT)


def test_tasks_of_one_worker_share_it(launch_command: Launch, tmp_path: Path) -> None:
    """So that what a task loads, the next one finds."""
    outcomes, _ = launch_command("joblib", dict.fromkeys("abcd", "surroundings"), workers=1).result()
    assert len({json.dumps(outcome["answer"]["pid"]) for outcome in outcomes.values()}) == 1
