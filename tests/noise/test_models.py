"""The named models: what the LEGO paper's noise must do, their options, the canary, and nothing at strength zero."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from qlab.circuits import Circuit, Input, Weight
from qlab.circuits.gates import GATES
from qlab.config import registry
from qlab.config.options import noise as options
from qlab.errors import NoiseError, OptionError, UnknownNameError
from qlab.noise import Noise, NoiseModel, Readout
from qlab.testing.noise import check_noise
from tests.circuits.random_circuits import random_case
from tests.noise.reference import density_matrix, read_values

CIRCUIT = Circuit(
    2, [("RY", 0, Input(0)), ("CNOT", (0, 1)), ("RX", 1, Weight(0)), ("CZ", (1, 0)), ("RY", 0, Weight(1))]
)
INPUTS, WEIGHTS = np.array([0.7]), np.array([-0.4, 1.1])
ZERO: dict[str, Any] = {
    "amplitude_damping": {"gamma": 0.0},
    "bit_flip": {"p": 0.0},
    "composed": {"parts": [{"name": "dephasing", "p": 0.0}, {"name": "readout", "flip": 0.0}]},
    "dephasing": {"p": 0.0},
    "depolarizing": {"p": 0.0},
    "device": {"gate_errors": False, "readout": False},
    "lego": {"p": 0.0, "dephasing": 0.0, "flip": 0.0},
    "none": {},
    "over_rotation": {"fraction": 0.0},
    "pauli": {"px": 0.0, "py": 0.0, "pz": 0.0},
    "phase_damping": {"gamma": 0.0},
    "readout": {"flip": 0.0},
    "thermal_relaxation": {"time_1q": 0.0, "time_2q": 0.0},
}


def model(name: str, **changes: Any) -> Any:
    """Return a registered model with its default options, but for ``changes``."""
    return registry.build(dataclasses.replace(registry.options_class("noise", name)(), **changes))


@pytest.mark.parametrize("name", registry.names("noise"))
def test_registered_models(name: str) -> None:
    check_noise(model(name), model(name, **ZERO[name]))


@pytest.mark.parametrize("name", [name for name in registry.names("noise") if name not in ("none", "device")])
def test_models_at_strength_zero_leave_random_circuits_as_they_are(name: str) -> None:
    """Exactly: what does nothing is not inserted, so that the ideal circuit is executed."""
    rng = np.random.default_rng(3)
    zero: Noise = model(name, **ZERO[name])
    for _ in range(10):
        circuit = random_case(rng, int(rng.integers(1, 5))).circuit
        noisy = zero.insert(circuit)
        assert noisy.circuit == circuit
        assert not any(noisy.channels)


def test_none_is_the_identity_and_says_so() -> None:
    none = model("none")
    assert none.is_identity
    assert none.insert(CIRCUIT).circuit == CIRCUIT
    assert [name for name in registry.names("noise") if model(name).is_identity] == ["none"]


@pytest.mark.parametrize("flip", [0.01, 0.2])
def test_a_readout_flip_shrinks_z_by_its_closed_form(flip: float) -> None:
    ideal = read_values(NoiseModel("ideal").insert(CIRCUIT), ["Z0", "Z0 Z1", "X1"], INPUTS, WEIGHTS)
    found = read_values(model("readout", flip=flip).insert(CIRCUIT), ["Z0", "Z0 Z1", "X1"], INPUTS, WEIGHTS)
    scale = 1 - 2 * flip
    np.testing.assert_allclose(found, ideal * [scale, scale**2, scale], atol=1e-14)


@pytest.mark.parametrize("p", [0.003, 0.3])
def test_final_depolarizing_noise_shrinks_z_by_its_closed_form(p: float) -> None:
    """The last gate alone is followed: X, Y and Z with p/3 each leave 1 - 4p/3 of <Z>, a phase flip all of it."""
    circuit = Circuit(2, [*CIRCUIT.gates, ("Rot", 0, (0.3, Weight(2), Input(0)))])
    weights = np.append(WEIGHTS, 0.6)
    ideal = read_values(NoiseModel("ideal").insert(circuit), None, INPUTS, weights)
    shrunk = read_values(model("depolarizing", p=p, gates=["Rot"]).insert(circuit), None, INPUTS, weights)
    np.testing.assert_allclose(shrunk, ideal * [1 - 4 * p / 3, 1], atol=1e-14)
    flipped = read_values(model("dephasing", p=p, gates=["Rot"]).insert(circuit), None, INPUTS, weights)
    np.testing.assert_allclose(flipped, ideal, atol=1e-14)


def test_each_gate_errs_with_the_same_probability_unless_said() -> None:
    circuit = Circuit(3, [*CIRCUIT.gates, ("Toffoli", (0, 1, 2))])
    for p2, expected in ((None, 0.01), (0.2, 0.2), (0.0, 0.0)):
        noisy = model("depolarizing", p=0.01, p2=p2).insert(circuit)
        for gate, after in zip(circuit.gates, noisy.channels, strict=True):
            strength = 0.01 if len(gate.qubits) == 1 else expected
            probabilities = [item.channel.probabilities for item in after]
            assert [1 - p[0] for p in probabilities if p is not None] == pytest.approx([strength] * len(after))
            assert len(after) == (0 if strength == 0 else {1: 1, 2: 1, 3: 3}[len(gate.qubits)])


def test_relaxation_lasts_as_long_as_the_gate() -> None:
    noisy = model("thermal_relaxation", t1=10, t2=15, time_1q=100, time_2q=500, excited=0.1).insert(
        Circuit(3, [("RX", 0, 0.1), ("CNOT", (0, 1)), ("Toffoli", (0, 1, 2))])
    )
    for after, time in zip(noisy.channels, (0.1, 0.5, 0.5), strict=True):
        for item in after:
            assert item.channel.transfer[3, 3] == pytest.approx(np.exp(-time / 10))
            assert item.channel.transfer[1, 1] == pytest.approx(np.exp(-time / 15))
            assert item.channel.transfer[3, 0] == pytest.approx((1 - np.exp(-time / 10)) * 0.8)


def test_qubits_that_are_left_alone_decay_to_the_ground_state() -> None:
    noisy = model("amplitude_damping", gamma=0.25).insert(Circuit(1, [("PauliX", 0), ("RZ", 0, 1.0), ("T", 0)]))
    excited = density_matrix(noisy, np.zeros(0), np.zeros(0))[1, 1].real
    assert excited == pytest.approx(0.75**3)


def test_the_preset_of_lego_is_its_three_parts() -> None:
    lego = model("lego", p=0.01, dephasing=0.02, flip=0.03)
    parts = [model("depolarizing", p=0.01), model("dephasing", p=0.02), model("readout", flip=0.03)]
    composed = NoiseModel.composed("by hand", parts)
    named = model(
        "composed",
        parts=[
            {"name": "depolarizing", "p": 0.01},
            {"name": "dephasing", "p": 0.02},
            {"name": "readout", "flip": 0.03},
        ],
    )
    values = [read_values(m.insert(CIRCUIT), None, INPUTS, WEIGHTS) for m in (lego, composed, named)]
    np.testing.assert_allclose(values[0], values[1], atol=1e-15)
    np.testing.assert_allclose(values[0], values[2], atol=1e-15)


def test_readings_of_zero_and_one_may_err_differently() -> None:
    found = model("readout", p10=0.1, p01=0.3).readout
    assert isinstance(found, Readout)
    np.testing.assert_allclose(found.of(5), [[0.9, 0.3], [0.1, 0.7]])
    np.testing.assert_allclose(model("readout", flip=0.2, p01=0.3).readout.of(0), [[0.8, 0.3], [0.2, 0.7]])
    with pytest.raises(OptionError, match=r"comes from measured\.json or from flip, p01 and p10"):
        model("readout", path="measured.json", p01=0.1)
    with pytest.raises(OptionError, match="not from both"):
        model("readout", path="measured.json", flip=0.1)


@pytest.mark.parametrize(
    "name", [name for name in ZERO if issubclass(registry.options_class("noise", name), options.GateOptions)]
)
def test_models_follow_the_gates_they_are_told(name: str) -> None:
    noisy = model(name, gates=["RY"]).insert(CIRCUIT)
    for before, gate, after in zip(CIRCUIT.gates, noisy.circuit.gates, noisy.channels, strict=True):
        assert (bool(after) or gate != before) == (before.name == "RY")
    with pytest.raises(UnknownNameError, match="unknown gate 'CNT'; did you mean 'CNOT'") as caught:
        model(name, gates=["RY", "CNT"])
    assert caught.value.exit_code == 2
    with pytest.raises(OptionError, match="null stands for all gates"):
        model(name, gates=[])
    with pytest.raises(UnknownNameError, match="unknown gate 'AmplitudeEmbedding'"):
        model(name, gates=["AmplitudeEmbedding"])
    with pytest.raises(NoiseError, match="its gates are CNOT, CZ, RX, RY"):
        model(name, gates=["CRX"]).insert(CIRCUIT)


def test_every_gate_of_the_vocabulary_can_be_noisy() -> None:
    """No gate is left out in silence, whatever its number of qubits."""
    for name, spec in GATES.items():
        if spec.n_qubits is None:
            continue
        circuit = Circuit(spec.n_qubits, [(name, range(spec.n_qubits), [0.1] * spec.n_angles)])
        for chosen in ("depolarizing", "thermal_relaxation", "dephasing", "lego"):
            assert any(model(chosen).insert(circuit).channels), f"{chosen} after {name}"
