"""SIGKILL at every step of the protocol, and two processes at once: one job, found again, fetched whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qlab.errors import InDoubt
from qlab.hardware.journal import journals
from qlab.hardware.opening import open_service
from qlab.hardware.runner import Runner
from tests.hardware.dying import begin
from tests.hardware.runtime_server import DEVICE, RuntimeServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning"),
]
REPOSITORY = Path(__file__).parents[2]
STEPS = [
    "before sending",
    "after sending",
    "before queued",
    "after queued",
    "before running",
    "after running",
    "before counts",
    "after counts",
    "before done",
    "after done",
]


def start(root: Path, *step: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.hardware.dying", str(root), *step],
        cwd=REPOSITORY,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go_on(root: Path, *, resubmit: bool = False) -> tuple[int, ...]:
    """Do in this process what the one that died was asked to do; return the shape of what was measured."""
    service = open_service(DEVICE)
    runner = Runner(begin(root, service), service, sleep=lambda seconds: None, resubmit=resubmit)
    runner.submit()
    (counts,) = runner.wait()
    return counts.shape


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_death_between_two_writes(server: RuntimeServer, tmp_path: Path, step: int) -> None:
    server.script.queued_looks = 1
    process = start(tmp_path, str(step))
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, complaint
    sent = server.requests["POST /jobs"]
    assert sent == (step >= 2)
    if STEPS[step] == "after sending":
        with pytest.raises(InDoubt):
            go_on(tmp_path)
        assert server.requests["POST /jobs"] == 0
    if STEPS[step] != "after done":
        assert go_on(tmp_path, resubmit=STEPS[step] == "after sending") == (3, 50, 1)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    (journal,) = journals(tmp_path)
    assert [state.stage for state in journal.states()] == ["done"]
    assert journal.outcomes()[0].shape == (3, 50, 1)


ROUTES = ["GET /instances/usage", "POST /jobs", "GET /jobs/ID", "GET /jobs/ID/results", "GET /jobs/ID/metrics"]


@pytest.mark.parametrize("route", ROUTES)
def test_death_in_the_middle_of_a_request(server: RuntimeServer, tmp_path: Path, route: str) -> None:
    """The server gets the request whole, and only then the client dies: a submission is accepted without it."""
    dead = threading.Event()

    def kill(current: str) -> None:
        if current == route and not dead.is_set():
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            dead.set()

    server.script.pause = kill
    process = start(tmp_path)
    _, complaint = process.communicate(timeout=300)
    assert dead.is_set(), complaint
    assert process.returncode == -signal.SIGKILL
    if route == "GET /instances/usage":  # the client asks for that before it submits
        with pytest.raises(InDoubt):
            go_on(tmp_path)
        assert server.requests["POST /jobs"] == 0
    assert go_on(tmp_path, resubmit=route == "GET /instances/usage") == (3, 50, 1)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    assert len(journals(tmp_path)) == 1


def test_two_processes_at_once_send_one_job(server: RuntimeServer, tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def meet(route: str) -> None:
        if route == "GET /backends/ID/configuration" and not server.requests["POST /jobs"]:
            both.wait(240)

    server.script.pause = meet
    processes = [start(tmp_path), start(tmp_path)]
    said = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert said[0][0] == said[1][0] != ""
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    assert len(journals(tmp_path)) == 1
