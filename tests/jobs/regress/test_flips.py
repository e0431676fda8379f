"""A flipped sign, a wrong phase, a doubled probability: each is found, whatever training makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.backends.shift import ParameterShift
from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.rotations import quaternions
from qlab.jobs.regress.probe import Probe
from qlab.jobs.regress.recipes import Recipes, find
from qlab.jobs.regress.run import Outcome, regress
from qlab.noise import channels
from qlab.progress import Silent
from tests.jobs.regress.own_recipes import CIRCUIT, expectation, write_recipe

NOISY = CIRCUIT + "noise: {name: dephasing, p: 0.02, gates: null}\n"


def run(recipes: Recipes, *, update: bool = False) -> Outcome:
    (outcome,) = regress(recipes, [], Silent(), update=update)
    return outcome


def stored(workplace: Path, text: str) -> Recipes:
    """Return recipes of which the only one is expected to give what it gives now."""
    write_recipe(workplace, "mine", text)
    recipes = find()
    outcome = run(recipes, update=True)
    assert outcome.status == "stored", outcome.details or outcome.error
    assert run(recipes).status == "passed"
    return recipes


def turn_backwards(axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def flipped(turns: torch.Tensor, axes: torch.Tensor) -> torch.Tensor:
        signs = axes.new_ones(3)
        signs[axis] = -1
        return quaternions(turns, axes * signs)

    monkeypatch.setattr("qlab.engine.angles.quaternions", flipped)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rotation_that_turns_backwards_is_found_by_values_and_gradients(
    axis: int, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = stored(workplace, CIRCUIT)
    before = expectation(workplace, "mine").read_bytes()
    turn_backwards(axis, monkeypatch)
    outcome = run(recipes)
    assert outcome.status == "differs"
    names = " ".join(difference.quantity for difference in outcome.differences)
    assert "probe.X0" in names
    assert "against default.qubit" in names
    assert run(recipes, update=True).status == "differs"  # what PennyLane contradicts is never expected
    assert expectation(workplace, "mine").read_bytes() == before


def test_a_gradient_of_the_wrong_sign_is_found_although_values_are_right(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = stored(workplace, CIRCUIT)

    def backwards(self: EngineBackend, circuit, inputs, weights, observables=None):  # type: ignore[no-untyped-def]
        values = expectations(circuit, inputs, weights, observables, torch.complex64, method="torch")
        return 2 * values.detach() - values

    monkeypatch.setattr(EngineBackend, "expectations", backwards)
    names = {difference.quantity.partition("[")[0] for difference in run(recipes).differences}
    assert "probe.gradient" in names
    assert "probe.gradient against default.qubit" in names
    assert not {name for name in names if name.startswith("probe.Z")}


def test_a_doubled_probability_is_found_though_no_simulator_contradicts_it(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = stored(workplace, NOISY)
    right = channels.dephasing
    monkeypatch.setattr(channels, "dephasing", lambda p: right(2 * p))
    outcome = run(recipes)
    assert outcome.status == "differs"
    names = [difference.quantity for difference in outcome.differences]
    assert any(name.startswith("noisy_probe.") for name in names)
    assert not any("against" in name or name.startswith("probe.") for name in names)


def test_one_channel_less_is_found_by_the_count(workplace: Path) -> None:
    recipes = stored(workplace, NOISY)
    write_recipe(workplace, "mine", NOISY.replace("gates: null", "gates: [CNOT, RX, RZ]"))
    names = [difference.quantity for difference in run(recipes).differences]
    assert "evaluation.insertions.dephasing" in names


def test_the_probe_is_the_same_for_the_same_circuit_and_sees_every_weight() -> None:
    circuit = variational(3, 2, "angle", "ring")
    first, second = Probe.of(circuit), Probe.of(variational(3, 2, "angle", "ring"))
    for name in ("inputs", "weights", "direction"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    assert first.words == ["Z0", "Z1", "Z2", "X0", "Z0 Y2"]
    assert first.inputs.abs().max() < torch.pi
    _, gradients = first.differentiated(EngineBackend(precision="double"))
    assert {name: len(gradient) for name, gradient in gradients.items()} == {"gradient": 18, "input_gradient": 9}
    assert all((gradient.abs() > 1e-3).all() for gradient in gradients.values())


def test_gradients_of_the_probe_by_two_methods_agree() -> None:
    probe = Probe.of(variational(2, 2, "iqp", "strongly_entangling"))
    backend = EngineBackend(precision="double", method="torch")
    values, adjoint = probe.differentiated(backend)
    shifted_values, shifted = probe.differentiated(ParameterShift(backend))
    torch.testing.assert_close(values, shifted_values)
    torch.testing.assert_close(adjoint, shifted)


def test_a_circuit_that_is_no_longer_the_same_is_a_difference_of_counts(workplace: Path) -> None:
    recipes = stored(workplace, CIRCUIT)
    path = expectation(workplace, "mine")
    document = json.loads(path.read_text())
    assert document["quantities"]["circuit.depth"] == {"exact": 6}
    write_recipe(workplace, "mine", CIRCUIT.replace("n_layers: 1", "n_layers: 2"))
    names = {difference.quantity for difference in run(recipes).differences}
    assert {"circuit.depth", "circuit.gates", "parameters.quantum"} <= names
