"""PennyLane's own tests for devices."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from pennylane.devices.tests import get_device_tests

pytest.importorskip("flaky")
pytest.importorskip("pytest_mock")

QUICK = "test_wires or test_tracker or test_return_system or TestTensorExpval"


def run_suite(folder: Path, *arguments: str) -> int:
    """Return how many tests passed; none may fail, and none is skipped because the device lacks an operation."""
    command = [sys.executable, "-m", "pytest", get_device_tests(), "--device", "qlab.engine", "--no-flaky-report"]
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", *arguments]
    run = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    found = re.search(r"(\d+) passed", run.stdout)
    assert found is not None
    return int(found[1])


def test_a_part_of_pennylanes_suite(tmp_path: Path) -> None:
    assert run_suite(tmp_path, "--shots", "None", "-k", QUICK) >= 20


@pytest.mark.slow
@pytest.mark.parametrize(("shots", "at_least"), [("None", 389), ("20000", 374)])
def test_pennylanes_suite(shots: str, at_least: int, tmp_path: Path) -> None:
    """Nine more of them need JAX."""
    assert run_suite(tmp_path, "--shots", shots) >= at_least + (9 if find_spec("jax") else 0)
