"""Every recipe runs through the command line, shrunk; the main one in full, with its figure in the stated band."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlab.config.folders import shipped_experiments
from qlab.jobs.compare import compare
from qlab.jobs.compare.request import CompareRequest
from qlab.progress import Silent
from tests.conftest import Qlab

DIAGRAMS = (
    "dataset.size=120",
    "dataset.n_train=60",
    "dataset.n_val=20",
    "dataset.n_test=40",
    "dataset.resolution=16",
    "encoder.source_size=40",
    "encoder.pretrain_epochs=1",
    "trainer.epochs=2",
)
STATES = ("dataset.size=120", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=40", "trainer.epochs=2")
SCANS = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=40", "trainer.epochs=2")
SHRUNK = {
    **dict.fromkeys(("residual_entanglement", "residual_depth", "residual_alpha"), STATES),
    **dict.fromkeys(("residual_digits", "residual_shots"), SCANS),
    **dict.fromkeys(("hybrid_cnn_fair", "hybrid_cnn_published"), SCANS),
    "hybrid_cnn_cifar100": (*SCANS, "encoder.mean=[0.3]", "encoder.std=[0.4]"),
    "hybrid_cnn_stl10": (*SCANS, "encoder.mean=[0.3]", "encoder.std=[0.4]"),
    **dict.fromkeys(
        ("lego_quantum_dot", "lego_block_swap", "lego_qubits", "lego_noise"), (*DIAGRAMS, "head.n_qubits=4")
    ),
    "quantized_fashion": (
        "dataset=digits",
        "dataset.classes=[3,8]",
        "dataset.n_train=30",
        "dataset.n_val=10",
        "dataset.n_test=40",
        "head.calls=6",
    ),
    "lego_published": (
        "dataset.size=90",
        "dataset.n_train=40",
        "dataset.n_val=10",
        "dataset.n_test=40",
        "dataset.resolution=12",
        "trainer.epochs=1",
    ),
    "lego_quantum_dot_five_class": (*DIAGRAMS, "head.n_qubits=5"),
    "lego_tfbs": (
        "dataset.size=120",
        "dataset.n_train=60",
        "dataset.n_val=20",
        "dataset.n_test=40",
        "encoder.source_size=40",
        "encoder.pretrain_epochs=1",
        "head.n_qubits=4",
        "trainer.epochs=2",
    ),
}


def train(qlab: Qlab, *overrides: str) -> dict[str, Any]:
    answer = qlab("train", "--json", *overrides)
    assert answer.code == 0, answer.err
    record: dict[str, Any] = json.loads(answer.out)["record"]
    return record


@pytest.mark.parametrize("name", sorted(file.stem for file in shipped_experiments().glob("*.yaml")))
def test_every_recipe_runs_shrunk(name: str, qlab: Qlab) -> None:
    record = train(qlab, f"experiment={name}", *SHRUNK[name])
    assert record["metrics"]["n"] == 40


@pytest.mark.parametrize("name", ["hybrid_cnn_fair", "hybrid_cnn_published", "hybrid_cnn_cifar100", "hybrid_cnn_stl10"])
def test_what_is_said_of_a_comparison_holds_for_its_rivals(name: str, workplace: Path) -> None:
    words = (f"experiment={name}", *SHRUNK[name], "trainer.batch_size=20", "seeds=2")
    (field,) = compare.check(CompareRequest.of_words(words), Silent()).fields
    assert "classical_cnn" in {one.name for one in field.contestants}
    trainers = [one.config.trainer for one in field.contestants]
    assert {(trainer.epochs, trainer.batch_size, trainer.label_smoothing) for trainer in trainers} == {(2, 20, 0.1)}
    assert len({one.config.encoder.options.augment for one in field.contestants}) == 1


@pytest.mark.slow
def test_the_binding_sites_are_found_as_well_as_by_the_planted_matrix(qlab: Qlab, workplace: Path) -> None:
    """An area of 0.945 has a standard error of 0.007 on 500 and 500 windows; the two areas are of the same windows."""
    quantum = train(qlab, "-e", "lego_tfbs")
    oracle = train(qlab, "-e", "lego_tfbs", "encoder=pwm", "encoder.n_features=1", "head=linear")
    assert quantum["parameters"]["trainable"] == 144
    assert 0.91 < quantum["metrics"]["roc_auc"] < 0.98
    assert abs(quantum["metrics"]["roc_auc"] - oracle["metrics"]["roc_auc"]) < 0.02


@pytest.mark.slow
def test_the_main_recipe_and_its_classical_twin(qlab: Qlab, workplace: Path) -> None:
    """0.98 on 1,000 images has a standard error of 0.005; pre-training differs in its last bits between machines."""
    quantum, linear = train(qlab, "-e", "lego_quantum_dot"), train(qlab, "-e", "lego_quantum_dot", "head=linear")
    assert quantum["parameters"]["trainable"] == 144
    assert linear["parameters"]["trainable"] == 18
    assert quantum["encoder"]["provenance"]["source_accuracy"] > 0.97
    for record in (quantum, linear):
        assert record["dataset"]["sizes"] == {"train": 1600, "val": 200, "test": 1000}
        assert 0.94 < record["metrics"]["accuracy"] <= 1
    assert linear["encoder"]["features_sha256"] == quantum["encoder"]["features_sha256"]
