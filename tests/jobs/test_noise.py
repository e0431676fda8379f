"""Noise and shots through the command line: what is trained, what is evaluated, what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import Qlab

SMALL = (
    "dataset=digits", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=40", "head.n_qubits=4",
    "encoder.n_features=4", "head.n_layers=1", "trainer.epochs=2",
)  # fmt: skip


def train(qlab: Qlab, *overrides: str) -> dict[str, Any]:
    answer = qlab("train", *SMALL, "--json", *overrides)
    assert answer.code == 0, answer.err
    loaded: dict[str, Any] = json.loads(answer.out)
    return loaded


def evaluate(qlab: Qlab, run: str, *overrides: str) -> dict[str, Any]:
    answer = qlab("eval", run, "--json", *overrides)
    assert answer.code == 0, answer.err
    record: dict[str, Any] = json.loads(answer.out)["record"]
    return record


def test_a_noise_sweep_trains_once(qlab: Qlab, workplace: Path) -> None:
    plain = train(qlab)
    noisy = train(qlab, "noise=depolarizing", "noise.p=0.05")
    assert (plain["found"], noisy["found"]) == (False, True)
    assert noisy["record"] == plain["record"]
    assert noisy["record"]["execution"] is None
    assert noisy["evaluation"]["execution"]["insertions"] == {"depolarizing": 20}
    assert noisy["evaluation"]["metrics"]["cross_entropy"] != plain["record"]["metrics"]["cross_entropy"]
    assert len(list((workplace / plain["path"] / "evaluations").glob("*.json"))) == 1


def test_three_ways_to_the_same_values(qlab: Qlab) -> None:
    run = train(qlab)["path"]
    noise = ("noise=lego", "noise.p=0.02")
    exact = evaluate(qlab, run, *noise)
    drawn = evaluate(
        qlab,
        run,
        *noise,
        "backend.simulation=trajectories",
        "backend.trajectories=4000",
        "backend.standard_error=0.001",
    )
    mixed = evaluate(qlab, run, *noise, "backend=pennylane", "backend.device=default.mixed")
    assert [record["execution"]["simulation"] for record in (exact, drawn, mixed)] == [
        "density", "trajectories", "density"
    ]  # fmt: skip
    shifts = [record["execution"]["shift_mean"] for record in (exact, drawn, mixed)]
    assert shifts[2] == pytest.approx(shifts[0], abs=1e-5)
    assert abs(shifts[1] - shifts[0]) < drawn["execution"]["standard_error_mean"]
    assert abs(shifts[0]) > 10 * drawn["execution"]["standard_error_mean"]
    assert exact["execution"]["insertions"] == mixed["execution"]["insertions"]


def test_shots_of_the_runs_own_backend(qlab: Qlab) -> None:
    run = train(qlab, "backend.precision=double")["path"]
    record = evaluate(qlab, run, "backend.shots=64")
    assert (record["backend"]["precision"], record["execution"]["shots"]) == ("double", 64)
    assert record["execution"]["simulation"] == "state vector"
    assert record["execution"]["standard_error_max"] == pytest.approx(1 / 63**0.5, rel=1e-6)
    assert evaluate(qlab, run, "backend.shots=64")["finished"] == record["finished"]
    other = evaluate(qlab, run, "backend.shots=64", "backend.seed=1")
    assert other["metrics"]["cross_entropy"] != record["metrics"]["cross_entropy"]


def test_training_that_is_aware(qlab: Qlab) -> None:
    aware = train(qlab, "noise=bit_flip", "noise.p=0.05", "trainer.noise_aware=true")
    assert aware["evaluation"] is None
    assert aware["record"]["execution"]["insertions"] == {"bit_flip": 24}
    assert aware["record"]["metrics"] != train(qlab)["record"]["metrics"]
    drawn = ("noise=bit_flip", "trainer.noise_aware=true", "backend.simulation=trajectories", "backend.trajectories=2")
    first = train(qlab, *drawn)
    again = train(qlab, *drawn, "--force")
    assert first["record"]["metrics"] == again["record"]["metrics"]
    learnt = train(qlab, "backend.shots=20", "trainer.noise_aware=true", "trainer.gradient=spsa", "trainer.epochs=1")
    assert learnt["record"]["execution"]["shots"] == 20


@pytest.mark.parametrize(
    ("code", "overrides", "message"),
    [
        (1, ["noise=depolarizing", "noise.gates=[CZ]"], "which the circuit does not have: its gates are CNOT, RX, RY"),
        (2, ["noise=depolarizing", "noise.gates=[CNOTT]"], "did you mean 'CNOT'?"),
        (2, ["noise=depolarizing", "backend=pennylane"], "the backend pennylane cannot execute a noise model"),
        (2, ["backend.shots=10", "trainer.noise_aware=true"], "shots have no gradient by weights; set"),
        (2, ["trainer.noise_aware=true"], "needs a noise model or backend.shots"),
        (
            2,
            ["noise=amplitude_damping", "backend.simulation=trajectories", "trainer.noise_aware=true"],
            "no gradient through amplitude_damping",
        ),
    ],
)
def test_wrong_requests_are_one_line_and_leave_nothing(
    qlab: Qlab, workplace: Path, code: int, overrides: list[str], message: str
) -> None:
    answer = qlab("train", *SMALL, *overrides)
    assert (answer.code, answer.err.count("\n")) == (code, 1), answer.err
    assert message in answer.err
    assert not list(workplace.glob("outputs/runs/*/result.json"))


def test_noise_on_a_head_without_a_circuit(qlab: Qlab) -> None:
    classical = [word for word in SMALL if not word.startswith("head.")]
    answer = qlab("train", *classical, "head=linear", "noise=lego")
    assert answer.code == 2
    assert "noise=lego has nothing to act on: the head has no circuit" in answer.err


def test_a_density_matrix_of_twenty_qubits_is_one_line(qlab: Qlab) -> None:
    wide = ("dataset=digits", "dataset.n_train=20", "dataset.n_val=10", "dataset.n_test=10", "head.n_qubits=20")
    words = ("head.n_layers=1", "encoder.n_features=20", "trainer.epochs=1", "noise=lego", "backend.simulation=density")
    answer = qlab("train", *wide, *words)
    assert answer.code == 2, answer.err
    assert "trajectories" in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    "overrides",
    [
        ["backend=aer"],
        ["backend=aer", "noise=depolarizing", "trainer.noise_aware=true"],
    ],
)
def test_a_backend_without_gradients_does_not_train_in_silence(qlab: Qlab, overrides: list[str]) -> None:
    for command in ("train", "validate"):
        answer = qlab(command, *SMALL, *overrides)
        assert answer.code == 2
        assert "the backend aer has no gradient by weights; set trainer.gradient=parameter_shift or spsa" in answer.err


def test_shifts_do_not_fit_gates_that_turn_too_far(qlab: Qlab) -> None:
    words = ("noise=over_rotation", "trainer.noise_aware=true", "trainer.gradient=parameter_shift")
    answer = qlab("validate", *SMALL, *words)
    assert answer.code == 2
    assert "set trainer.gradient=spsa" in answer.err


def test_an_evaluation_of_an_aware_run_has_no_conditions_but_its_own(qlab: Qlab) -> None:
    aware = ("noise=lego", "backend.shots=20", "trainer.noise_aware=true", "trainer.gradient=spsa")
    run = train(qlab, *aware, "trainer.epochs=1")["path"]
    assert evaluate(qlab, run)["execution"] is None
    assert evaluate(qlab, run, "noise=depolarizing")["execution"]["shots"] is None


@pytest.mark.parametrize("gradient", ["spsa", "parameter_shift"])
def test_training_from_shots_goes_on_with_the_same_bits(gradient: str, tmp_path: Path) -> None:
    """What is drawn follows from weights and samples, so an epoch less or more of history changes nothing."""
    from qlab.backends.conditions import Conditions
    from qlab.backends.engine import EngineBackend
    from qlab.backends.shift import ParameterShift
    from qlab.backends.spsa import SPSA
    from qlab.circuits import variational
    from qlab.noise import NoiseModel

    circuit = variational(2, 1, "angle", "ring")

    def slope(history: int) -> torch.Tensor:
        inner = Conditions("engine", EngineBackend(), NoiseModel("none"), 30, 0)
        backend = SPSA(inner, 0) if gradient == "spsa" else ParameterShift(inner)
        weights = torch.linspace(-1, 1, circuit.n_weights)
        for step in range(history):
            backend.expectations(circuit, torch.rand(3, 2), weights + step)
        weights.requires_grad_()
        backend.expectations(circuit, torch.full((3, 2), 0.3), weights).sum().backward()
        assert weights.grad is not None
        return weights.grad

    assert torch.equal(slope(0), slope(2))
