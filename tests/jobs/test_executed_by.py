"""Records, tables and plans say what executed the circuit and how often."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qlab.backends.engine import EngineBackend
from qlab.backends.shift import ParameterShift
from tests.conftest import Qlab

SMALL = (
    "dataset=digits",
    "dataset.n_train=40",
    "dataset.n_val=10",
    "dataset.n_test=20",
    "head.n_qubits=2",
    "head.n_layers=1",
    "trainer.epochs=2",
)
COMPILED = {"name": "engine", "precision": "single", "method": "compiled"}


def answer(qlab: Qlab, *arguments: str) -> str:
    found = qlab(*arguments)
    assert found.code == 0, found.err
    return found.out


def record(qlab: Qlab, *arguments: str) -> Any:
    return json.loads(answer(qlab, *arguments, "--json"))["record"]


def test_the_path_that_was_picked_is_recorded_and_shown(qlab: Qlab) -> None:
    trained = record(qlab, "train", *SMALL)
    assert trained["backend"] == COMPILED
    assert trained["config"]["backend"]["method"] == "auto"
    assert "engine: precision single, method compiled" in answer(qlab, "train", *SMALL)
    assert "engine: precision single, method compiled" in answer(qlab, "plan", *SMALL)
    assert json.loads(answer(qlab, "plan", *SMALL, "--json"))["backend"] == COMPILED
    assert record(qlab, "eval", trained["key"])["backend"] == COMPILED
    assert "engine: precision single, method compiled" in answer(qlab, "eval", trained["key"])
    on_pytorch = record(qlab, "eval", trained["key"], "backend=engine", "backend.method=torch")
    assert on_pytorch["backend"] == {**COMPILED, "method": "torch"}
    elsewhere = record(qlab, "eval", trained["key"], "backend=pennylane", "backend.device=lightning.qubit")
    assert elsewhere["backend"] == {"name": "pennylane", "device": "lightning.qubit", "gradient": "adjoint"}


def test_parameter_shift_is_recorded(qlab: Qlab) -> None:
    trained = record(qlab, "train", *SMALL, "trainer.gradient=parameter_shift", "backend=pennylane")
    assert trained["backend"] == {"name": "pennylane", "device": "default.qubit", "gradient": "parameter-shift"}


def test_a_plan_finds_what_a_device_cannot_do(qlab: Qlab) -> None:
    found = qlab("plan", *SMALL, "backend=pennylane", "backend.device=default.mixed", "backend.gradient=adjoint")
    assert found.code == 2
    assert "default.mixed with gradient adjoint" in found.err


def test_nothing_executes_the_circuit_of_a_classical_head(qlab: Qlab) -> None:
    classical = [option for option in SMALL if not option.startswith("head.")]
    trained = record(qlab, "train", *classical, "head=linear", "encoder.n_features=4")
    assert trained["backend"] == {**COMPILED, "method": "auto"}
    assert trained["training"]["executions"] == {}
    assert "precision single" not in answer(qlab, "train", *classical, "head=linear", "encoder.n_features=4")


@pytest.mark.parametrize(
    ("overrides", "tried_out"),
    [
        ((), 1 + 2 * 2 * 3),
        (("encoder=resnet18", "encoder.weights=random", "encoder.projection=trainable"), 1 + 2 * (2 * 3 + 2)),
    ],
    ids=["fixed features", "trainable projection"],
)
def test_the_executions_of_a_run_are_those_that_were_made(
    overrides: tuple[str, ...], tried_out: int, qlab: Qlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One example is executed and differentiated before a run begins; that is no part of it."""
    made: list[ParameterShift] = []

    def build(config: object) -> ParameterShift:
        made.append(ParameterShift(EngineBackend()))
        return made[-1]

    monkeypatch.setattr("qlab.jobs.training.training_backend", build)
    trained = record(qlab, "train", *SMALL, "trainer.gradient=parameter_shift", *overrides)
    assert sum(trained["training"]["executions"].values()) == made[-1].executions - tried_out
    planned = json.loads(answer(qlab, "plan", *SMALL, "trainer.gradient=parameter_shift", *overrides, "--json"))
    assert planned["executions"] == trained["training"]["executions"]
