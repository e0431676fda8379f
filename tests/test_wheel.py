"""The wheel, installed elsewhere, works from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_an_installed_wheel_trains_from_an_empty_folder(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), f"{ROOT}/."], check=True)
    (wheel,) = tmp_path.glob("qlab-*.whl")
    site, empty = tmp_path / "site", tmp_path / "empty"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    empty.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site)}

    def answer(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=empty, env=environment, check=True, capture_output=True, text=True).stdout

    assert answer("-c", "import qlab; print(qlab.__file__)").startswith(str(site))
    overrides = ("dataset=digits", "encoder=pca", "trainer.epochs=2", "--json")
    record = json.loads(answer("-m", "qlab", "train", *overrides))["record"]
    assert record["metrics"]["n"] == 359
    assert record["environment"]["commit"] is None
    assert "lego_quantum_dot" in answer("-m", "qlab", "ls", "experiment")
    assert "2 of 2 as expected" in answer("-m", "qlab", "regress", "parameter_shift", "perceptron")
    written = Path(answer("-m", "qlab", "report", "digits-pca-vqc").strip())
    assert "Confusion matrix" in (empty / written).read_text()
