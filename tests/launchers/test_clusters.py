"""Ray and Dask on a cluster that is there before and after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from tests.launchers.conftest import PROMPT, ROOT, Launch, wait_until
from tests.launchers.work import marks, runs

pytestmark = pytest.mark.slow
TASKS = {"a": "answer", "exits": "exit", "fails": "fail", "b": "answer", "is killed": "kill", "c": "answer"}
RAY = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
print(cluster.address, file=open(sys.argv[1], "w"), flush=True)
sys.stdin.read()
cluster.shutdown()
"""


def background(*words: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)


@pytest.fixture(params=["dask", "ray"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The name of a launcher and the address of a cluster of two workers."""
    name = request.param
    if find_spec({"dask": "distributed", "ray": "ray"}[name]) is None:
        pytest.skip(f"{name} is not installed")
    file = tmp_path / "address"
    if name == "dask":
        servers = [
            background(
                "-m", "distributed.cli.dask_scheduler", "--port=0", "--no-dashboard", f"--scheduler-file={file}"
            ),
            background(*_dask_workers(file, nthreads=1)),
        ]
    else:
        servers = [background("-c", RAY, str(file))]
    wait_until(lambda: file.exists() and file.read_text().strip() != "")
    yield name, json.loads(file.read_text())["address"] if name == "dask" else file.read_text().strip()
    for server in reversed(servers):
        if name == "dask":
            server.terminate()
        server.communicate(timeout=60)  # the end of its input ends the other


def _dask_workers(file: Path, nthreads: int) -> list[str]:
    folder = f"--local-directory={file.parent / 'dask'}"
    words = ["-m", "distributed.cli.dask_worker", f"--scheduler-file={file}", "--nworkers=2", "--no-dashboard", folder]
    return [*words, f"--nthreads={nthreads}"]


def test_tasks_that_kill_their_worker_cost_no_other(
    cluster: tuple[str, str], launch_command: Launch, tmp_path: Path
) -> None:
    name, address = cluster
    outcomes, err = launch_command(name, TASKS, workers=2, address=address).result()
    lost = {task: outcome["lost"] for task, outcome in outcomes.items() if "lost" in outcome}
    assert set(lost) == {"exits", "is killed"}
    assert all(len(reason.splitlines()) == 1 for reason in lost.values())
    assert err == ""
    times = {task: runs(str(tmp_path), task) for task in TASKS}
    if name == "ray":
        assert set(times.values()) == {1}
    else:  # the scheduler gives a task to four workers that die of it, and it is asked twice
        assert all(count <= (8 if task in lost else 4) for task, count in times.items()), times


def test_an_interrupt_ends_the_tasks_and_leaves_the_cluster(
    cluster: tuple[str, str], launch_command: Launch, tmp_path: Path
) -> None:
    name, address = cluster
    command = launch_command(name, {"a": "wait", "b": "wait"}, workers=2, address=address)
    wait_until(lambda: runs(str(tmp_path), "a") > 0 and runs(str(tmp_path), "b") > 0)
    os.kill(command.process.pid, signal.SIGINT)
    command.process.communicate(timeout=60)
    processes = [int(marks(str(tmp_path), task).read_text()) for task in "ab"]
    wait_until(lambda: not any(psutil.pid_exists(process) for process in processes), 3 * PROMPT)
    outcomes, _ = launch_command(name, {"c": "answer"}, workers=2, address=address).result()
    assert outcomes == {"c": {"answer": None}}


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_a_cluster_that_is_not_there_is_one_line(name: str, launch_command: Launch) -> None:
    if find_spec({"dask": "distributed", "ray": "ray"}[name]) is None:
        pytest.skip(f"{name} is not installed")
    address = {"dask": "tcp://127.0.0.1:9", "ray": "127.0.0.1:9"}[name]
    command = launch_command(name, {"a": "answer"}, workers=1, address=address)
    _, err = command.process.communicate(timeout=300)
    assert "qlab.errors.JobError: " in err.splitlines()[-1]
    assert "cannot be started or reached" in err.splitlines()[-1]
