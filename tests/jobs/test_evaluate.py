"""Evaluations of a finished run: from anywhere, on its own terms, and never on other data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlab as api
from tests.conftest import Qlab
from tests.data.idx_files import four_files, write_files

SMALL = ("encoder.n_features=2", "head.n_qubits=2", "head.n_layers=1", "trainer.epochs=1", "dataset.n_val=10")


def train(qlab: Qlab, *overrides: str) -> dict[str, Any]:
    answer = qlab("train", *SMALL, "--json", *overrides)
    assert answer.code == 0, answer.err
    loaded: dict[str, Any] = json.loads(answer.out)
    return loaded


@pytest.fixture
def trained(qlab: Qlab, workplace: Path) -> Path:
    """A run that was trained on files given by a relative path."""
    write_files(workplace / "data" / "mnist", four_files(60, 30))
    run = train(qlab, "dataset=mnist", "dataset.path=data/mnist", "output_dir=out")
    return workplace / str(run["path"])


def evaluate(qlab: Qlab, *arguments: str) -> dict[str, Any]:
    answer = qlab("eval", *arguments, "--json")
    assert answer.code == 0, answer.err
    record: dict[str, Any] = json.loads(answer.out)["record"]
    return record


def test_from_another_folder_with_the_cache_of_the_run(
    trained: Path, qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "elsewhere").mkdir()
    monkeypatch.chdir(workplace / "elsewhere")
    record = evaluate(qlab, str(trained))
    assert (record["changed_predictions"], record["same_features"]) == (0, True)
    assert list((workplace / "elsewhere").iterdir()) == []


def test_after_the_data_have_moved(trained: Path, qlab: Qlab, workplace: Path) -> None:
    (workplace / "data").rename(workplace / "moved")
    answer = qlab("eval", str(trained))
    assert answer.code == 2
    assert "does not exist" in answer.err
    assert evaluate(qlab, str(trained), "data_dir=moved")["changed_predictions"] == 0
    assert api.load(trained).head.circuit is not None


def test_on_other_data_it_is_refused(trained: Path, qlab: Qlab, workplace: Path) -> None:
    shutil.rmtree(workplace / "data")
    write_files(workplace / "data" / "mnist", four_files(60, 31))
    answer = qlab("eval", str(trained))
    assert answer.code == 2
    assert "have changed since it was trained" in answer.err


def test_without_the_cache_it_is_made_again(trained: Path, qlab: Qlab, workplace: Path) -> None:
    shutil.rmtree(workplace / "out" / "cache")
    assert evaluate(qlab, str(trained))["same_features"]


def test_the_backend_is_the_runs_own_unless_told_otherwise(qlab: Qlab) -> None:
    run = train(qlab, "dataset=digits", "dataset.n_train=60", "dataset.n_test=40", "backend=pennylane")
    assert evaluate(qlab, run["path"])["backend"]["name"] == "pennylane"
    assert evaluate(qlab, run["path"], "backend=engine")["backend"]["name"] == "engine"


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "predictions.npz", "result.json"])
def test_a_damaged_file_of_the_run_is_named(name: str, trained: Path, qlab: Qlab) -> None:
    file = trained / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    answer = qlab("eval", str(trained))
    assert answer.code in (1, 2)
    assert len([line for line in answer.err.splitlines() if line.startswith("error: ")]) == 1
    assert "Traceback" not in answer.err


def test_published_diagrams_work_with_the_defaults(qlab: Qlab, workplace: Path) -> None:
    folder = workplace / "diagrams"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("csds", "csds_noiseless"):
        np.save(folder / f"{name}.npy", rng.normal(size=(200, 12, 12)))
    np.save(folder / "labels.npy", np.arange(200) % 2)
    record = train(qlab, f"dataset.path={folder}")["record"]
    assert record["dataset"]["name"] == "mlqe_2023_edx"
    assert record["dataset"]["sizes"] == {"train": 150, "val": 10, "test": 40}


def test_an_evaluation_says_whether_it_was_found(qlab: Qlab, trained: Path) -> None:
    request = ("eval", str(trained), "backend.precision=double")
    first, second, forced = (json.loads(qlab(*request, "--json", *more).out) for more in ((), (), ("--force",)))
    assert (first["found"], second["found"], forced["found"]) == (False, True, False)
    assert second["made_by_other_code"] is None
    assert "found, finished" in qlab(*request).out
