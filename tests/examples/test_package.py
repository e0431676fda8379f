"""The example package, installed as a user would: found, shown, run, recorded; and it passes its own tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "qlab-example"
Execute = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def execute(tmp_path_factory: pytest.TempPathFactory) -> Execute:
    """Run Python in an empty folder, with the example installed from a copy of its source and without the network."""
    source, site = tmp_path_factory.mktemp("source") / PACKAGE.name, tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(site), str(source)], check=True)
    assert not (site / "tests").exists()
    empty = tmp_path_factory.mktemp("empty")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "COLUMNS": "100"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=empty, env=environment, check=True, capture_output=True, text=True)

    return call


@pytest.mark.slow
def test_the_installed_package_is_listed_shown_run_and_recorded(execute: Execute) -> None:
    listed = {(e["group"], e["name"]): e for e in json.loads(execute("-m", "qlab", "ls", "--json").stdout)}
    assert listed["dataset", "moons"]["origin"] == "qlab-example 0.1.0"
    assert listed["head", "dressed"]["summary"].startswith("A circuit between two linear layers")
    assert execute("-m", "qlab", "cat", "head/dressed").stdout == "name: dressed\nn_qubits: 4\nn_layers: 3\n"
    overrides = ("dataset=moons", "encoder=identity", "head=dressed", "head.n_qubits=3", "trainer.lr=0.05")
    answer = execute("-m", "qlab", "train", *overrides, "trainer.epochs=15", "--json")
    assert "dataset=moons is added by qlab-example 0.1.0" in answer.stderr
    assert "head=dressed is added by qlab-example 0.1.0" in answer.stderr
    record = json.loads(answer.stdout)["record"]
    added = {"dataset=moons": "qlab-example 0.1.0", "head=dressed": "qlab-example 0.1.0"}
    assert record["environment"]["plugins"] == added
    assert record["parameters"]["quantum"] == 9
    assert record["metrics"]["n"] == 120
    assert record["metrics"]["accuracy"] > 0.8


@pytest.mark.slow
def test_doctor_tells_of_the_installed_package(execute: Execute) -> None:
    plugins = json.loads(execute("-m", "qlab", "doctor", "--json").stdout)["plugins"]
    assert {(plugin["group"], plugin["name"], plugin["package"], plugin["broken"]) for plugin in plugins} == {
        ("dataset", "moons", "qlab-example 0.1.0", None),
        ("head", "dressed", "qlab-example 0.1.0", None),
    }


@pytest.mark.slow
def test_the_installed_package_passes_its_own_tests(execute: Execute) -> None:
    settings = ("-c", os.devnull, "-p", "no:cacheprovider", "--rootdir", str(PACKAGE))
    assert "2 passed" in execute("-m", "pytest", *settings, str(PACKAGE / "tests")).stdout
