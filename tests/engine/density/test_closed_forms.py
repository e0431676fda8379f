"""What is known on paper."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.engine import density, expectations
from qlab.noise import Channel, Located, NoisyCircuit, Readout
from qlab.noise.channels import amplitude_damping, dephasing, depolarizing, phase_damping, thermal_relaxation
from tests.engine.noisy_cases import LAYERS, WORDS, case_of, lego

DOUBLE = torch.complex128
ANGLES = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
NONE = torch.zeros(0, dtype=torch.float64)


def behind_rotation(channel: Channel, axis: str) -> torch.Tensor:
    """Return <X>, <Y>, <Z> (B, 3) behind a rotation and a channel."""
    noisy = NoisyCircuit(Circuit(1, [(axis, 0, Input(0))]), ((Located(channel, (0,)),),))
    return density.expectations(noisy, ANGLES, NONE, ["X0", "Y0", "Z0"], DOUBLE)


Vector = Callable[[float, float, float], tuple[float, float, float]]


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (depolarizing(0.3), lambda x, y, z: (0.6 * x, 0.6 * y, 0.6 * z)),
        (depolarizing(0.75), lambda x, y, z: (0.0, 0.0, 0.0)),
        (dephasing(0.3), lambda x, y, z: (0.4 * x, 0.4 * y, z)),
        (phase_damping(0.36), lambda x, y, z: (0.8 * x, 0.8 * y, z)),
        (amplitude_damping(0.36), lambda x, y, z: (0.8 * x, 0.8 * y, 0.36 + 0.64 * z)),
        (
            thermal_relaxation(2.0, 1.0, 3.0, 0.2),
            lambda x, y, z: (math.exp(-3) * x, math.exp(-3) * y, 0.6 + math.exp(-1.5) * (z - 0.6)),
        ),
    ],
    ids=["depolarizing", "fully mixed", "dephasing", "phase damping", "amplitude damping", "thermal relaxation"],
)
def test_channels_on_the_bloch_sphere(channel: Channel, expected: Vector) -> None:
    for axis in ("RX", "RY"):
        cosine, sine = ANGLES.cos()[:, 0].tolist(), ANGLES.sin()[:, 0].tolist()
        states = [(s, 0.0, c) if axis == "RY" else (0.0, -s, c) for c, s in zip(cosine, sine, strict=True)]
        found = behind_rotation(channel, axis)
        torch.testing.assert_close(
            found, torch.tensor([expected(*state) for state in states], dtype=torch.float64), rtol=0, atol=1e-15
        )


def test_damping_of_an_entangled_pair() -> None:
    """Phase flips of probability p on both qubits of a Bell pair: <XX> = -<YY> = (1-2p)^2, <ZZ> = 1."""
    flip = dephasing(0.1)
    circuit = Circuit(2, [("Hadamard", 0), ("CNOT", (0, 1))])
    noisy = NoisyCircuit(circuit, ((), (Located(flip, (0,)), Located(flip, (1,)))))
    values = density.expectations(noisy, torch.zeros(1, 0), NONE, ["X0 X1", "Y0 Y1", "Z0 Z1", "Z0", "X0"], DOUBLE)
    expected = torch.tensor([[0.64, -0.64, 1.0, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("n_qubits", [2, 4, 7])
def test_depolarizing_of_all_qubits_at_the_end_shrinks_every_word(n_qubits: int) -> None:
    """By (1 - 4p/3) for each of its factors."""
    circuit = lego(n_qubits, 2)
    end = tuple(Located(depolarizing(0.06), (qubit,)) for qubit in range(n_qubits))
    noisy = NoisyCircuit(circuit, (*[()] * (len(circuit.gates) - 1), end))
    rng = np.random.default_rng(n_qubits)
    inputs, weights = torch.tensor(rng.normal(size=(9, n_qubits))), torch.tensor(rng.normal(size=circuit.n_weights))
    words = ["Z0", "X1", "Z0 Y1"]
    ideal = expectations(circuit, inputs, weights, words, DOUBLE)
    shrunk = ideal * ideal.new_tensor([0.92, 0.92, 0.92**2])
    torch.testing.assert_close(density.expectations(noisy, inputs, weights, words, DOUBLE), shrunk, rtol=0, atol=1e-14)


def test_readout_of_one_qubit() -> None:
    """P(0) as read is 0.9 P(0) + 0.3 P(1); a symmetric flip q scales every factor by 1 - 2q."""
    circuit = Circuit(2, [("RY", 0, Input(0)), ("CNOT", (0, 1))])
    uneven = NoisyCircuit(circuit, ((), ()), Readout(np.array([[[0.9, 0.3], [0.1, 0.7]]])))
    values = density.expectations(uneven, ANGLES, NONE, ["Z0", "Z0 Z1"], DOUBLE)
    z = ANGLES.cos()[:, 0]
    both = 0.36 + 2 * 0.6 * 0.2 * z + 0.04
    torch.testing.assert_close(values, torch.stack([0.6 * z + 0.2, both], 1), rtol=0, atol=1e-15)
    even = NoisyCircuit(circuit, ((), ()), Readout.symmetric(0.1))
    values = density.expectations(even, ANGLES, NONE, ["Z0", "X0 X1"], DOUBLE)
    torch.testing.assert_close(values, torch.stack([0.8 * z, 0.64 * ANGLES.sin()[:, 0]], 1), rtol=0, atol=1e-15)


def test_a_reading_by_chance_tells_nothing() -> None:
    noisy = NoisyCircuit(LAYERS, ((),) * len(LAYERS.gates), Readout.symmetric(0.5))
    inputs, weights = torch.randn(2, 3, dtype=torch.float64), torch.randn(LAYERS.n_weights, dtype=torch.float64)
    assert density.expectations(noisy, inputs, weights, WORDS, DOUBLE).abs().max() == 0


@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
def test_without_channels_the_values_are_ideal(encoding: str) -> None:
    circuit = variational(4, 3, encoding, "strongly_entangling", reuploading=encoding == "iqp")
    noisy = NoisyCircuit(circuit, ((),) * len(circuit.gates))
    rng = np.random.default_rng(1)
    inputs, weights = torch.tensor(rng.normal(size=(8, circuit.n_inputs))), torch.tensor(rng.normal(size=36))
    for words in (None, WORDS):
        ideal = expectations(circuit, inputs, weights, words, DOUBLE)
        found = density.expectations(noisy, inputs, weights, words, DOUBLE)
        torch.testing.assert_close(found, ideal, rtol=0, atol=1e-12)


def test_no_samples_and_no_inputs() -> None:
    circuit = Circuit(2, [("RX", 0, Weight(0)), ("CNOT", (0, 1))])
    noisy = NoisyCircuit(circuit, ((Located(depolarizing(0.3), (0,)),), ()))
    weights = torch.tensor([0.4], dtype=torch.float64)
    assert density.expectations(noisy, torch.zeros(0, 0), weights.float()).shape == (0, 2)
    values = density.expectations(noisy, torch.zeros(3, 0, dtype=torch.float64), weights, dtype=DOUBLE)
    torch.testing.assert_close(values, torch.full((3, 2), 0.6 * math.cos(0.4), dtype=torch.float64), rtol=0, atol=1e-15)


def test_channels_that_leave_nothing_within_a_network_of_gates() -> None:
    """Tables have entries that vanish, and values still come from the other qubits."""
    turns = [("Rot", qubit, [Weight(3 * qubit + axis) for axis in range(3)]) for qubit in range(3)]
    ring = [("CNOT", (0, 1)), ("CNOT", (1, 2)), ("CNOT", (2, 0))]
    circuit = Circuit(3, [*turns, *ring, *turns, *ring, *turns])
    lost = Located(depolarizing(0.75), (1,))
    noisy = NoisyCircuit(circuit, tuple((lost,) if place == 3 else () for place in range(len(circuit.gates))))
    case = case_of(noisy, WORDS, np.random.default_rng(2))
    values = density.expectations(noisy, case.samples(5), case.weights, WORDS, DOUBLE)
    torch.testing.assert_close(values, case.exact.expand(5, -1), rtol=0, atol=1e-14)
    assert values.abs().min() > 1e-3
