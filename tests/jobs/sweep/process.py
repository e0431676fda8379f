"""Sweeps in real processes: started, watched, killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.jobs.sweep.small import SMALL

PATIENCE = 120.0


def start(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a sweep in ``folder`` as a user would."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "qlab", "sweep", *SMALL, *words, "--yes"]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end; return the exit code and what was printed."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def results(folder: Path) -> dict[Path, int]:
    """Return the records of trainings and evaluations below ``folder``, with the time of each."""
    runs = folder / "outputs" / "runs"
    found = [*runs.glob("*/result.json"), *runs.glob("*/evaluations/*.json")]
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in found}


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something to become true while the process runs."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, f"it ended too early: {process.communicate()[1]}"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def sweep_folder(folder: Path) -> Path:
    """Return the folder of the only sweep below ``folder``."""
    (found,) = (folder / "outputs" / "sweeps").iterdir()
    return found
