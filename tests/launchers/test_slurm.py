"""Slurm through submitit, with a stand-in for the programs of Slurm."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.launchers import cluster
from tests.launchers.conftest import ROOT, Launch, wait_until
from tests.launchers.work import runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed"),
]


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in keeps its state."""
    cluster.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("QLAB_TEST_SLURM", str(tmp_path / "slurm"))
    return tmp_path / "slurm"


def test_jobs_that_die_cost_no_other(launch_command: Launch, tmp_path: Path, slurm: Path) -> None:
    tasks = {"a": "answer", "exits": "exit", "fails": "fail", "is killed": "kill", "b": "answer", "c": "surroundings"}
    command = launch_command("slurm", tasks, workers=2, threads=3)
    outcomes, err = command.result()
    assert err == ""
    lost = {name: outcome["lost"] for name, outcome in outcomes.items() if "lost" in outcome}
    assert set(lost) == {"exits", "is killed"}
    assert "its job 1_1 ended without an answer in state FAILED; its log is " in lost["exits"]
    assert "its job 1_3 ended without an answer in state FAILED (srun: error: task 0: SIGKILL)" in lost["is killed"]
    assert Path(lost["is killed"].rpartition("its log is ")[2]).is_file()
    assert outcomes["fails"] == {"error": "this is an answer, too"}
    answer = outcomes["c"]["answer"]
    assert answer["folder"] == str(ROOT)
    assert answer["OMP_NUM_THREADS"] == answer["NUMBA_NUM_THREADS"] == "3"
    assert all(runs(str(tmp_path), name) == 1 for name in tasks)
    assert command.others_are_gone()


def test_the_script_says_what_was_asked_for(launch_command: Launch, tmp_path: Path, slurm: Path) -> None:
    options = {"partition": "gpu", "account": "physics", "timeout_min": 90, "mem_gb": 1.5, "threads": 4, "workers": 5}
    lists = {"setup": ["export QLAB_MODULES=loaded"], "sbatch": ["--qos=long", "--exclusive"]}
    launch_command("slurm", {"a": "answer", "b": "answer"}, **options, **lists).result()
    script = (slurm / "1" / "script").read_text()
    for line in (
        "#SBATCH --partition=gpu",
        "#SBATCH --account=physics",
        "#SBATCH --time=90",
        "#SBATCH --mem=1536MB",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --array=0-1%2",
        "#SBATCH --qos=long",
        "#SBATCH --exclusive",
        "#SBATCH --job-name=qlab",
        "export OMP_NUM_THREADS=4",
        "export QLAB_MODULES=loaded",
    ):
        assert line in script.splitlines()
    assert "--cpus-per-task=4 " in next(line for line in script.splitlines() if line.startswith("srun "))
    assert list((tmp_path / "jobs").iterdir()) == []  # where every job was answered nothing stays


def test_one_task_is_one_job(launch_command: Launch, slurm: Path) -> None:
    outcomes, _ = launch_command("slurm", {"a": "answer"}).result()
    assert outcomes == {"a": {"answer": None}}
    assert "--array" not in (slurm / "1" / "script").read_text()


def test_an_interrupt_cancels_the_jobs(launch_command: Launch, tmp_path: Path, slurm: Path) -> None:
    command = launch_command("slurm", dict.fromkeys("abc", "wait"), workers=2)
    wait_until(lambda: runs(str(tmp_path), "a") > 0 and runs(str(tmp_path), "b") > 0)
    command.process.send_signal(signal.SIGINT)
    command.process.communicate()
    assert command.others_are_gone()
    assert runs(str(tmp_path), "c") == 0
    assert sorted(file.stem for file in slurm.glob("1/*.cancelled")) == ["1_0", "1_1", "1_2"]


def test_a_refused_submission_is_one_line(launch_command: Launch, tmp_path: Path, slurm: Path) -> None:
    refusing = tmp_path / "bin" / "sbatch"
    refusing.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: gpu' >&2\nexit 1\n")
    command = launch_command("slurm", {"a": "answer"})
    _, err = command.process.communicate()
    complaint = "Slurm does not take the jobs: FailedJobError: sbatch: error: invalid partition specified: gpu"
    assert err.splitlines()[-1] == f"qlab.errors.JobError: {complaint}"
