"""Noisy circuits on PennyLane's default.mixed give what an independent simulation gives."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from qlab.circuits import Circuit, Input, Weight
from qlab.circuits.gates import GATES
from qlab.noise import NoisyCircuit, Readout
from qlab.noise.pennylane import to_pennylane
from tests.circuits.random_circuits import random_case
from tests.noise.reference import Numbers, random_readout, read_values, with_random_noise

WITHOUT_PREPARATION = tuple(name for name in GATES if name != "AmplitudeEmbedding")


def on_default_mixed(noisy: NoisyCircuit, words: list[str] | None, inputs: Numbers, weights: Numbers) -> Numbers:
    device = qml.device("default.mixed", wires=noisy.n_qubits)
    values = qml.QNode(to_pennylane(noisy, words), device)(inputs, weights)
    return np.array(np.broadcast_arrays(*values), dtype=float).T


@pytest.mark.parametrize("seed", range(12))
def test_random_noise_on_random_circuits(seed: int) -> None:
    """Channels of one and two qubits that no name covers, asymmetric readout error, any Pauli words."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, int(rng.integers(2, 4)), max_gates=15, names=WITHOUT_PREPARATION)
    noisy = with_random_noise(rng, case.circuit)
    inputs, weights = case.inputs.numpy(), case.weights.numpy()
    expected = [read_values(noisy, case.observables, row, weights) for row in inputs]
    found = np.array([on_default_mixed(noisy, case.observables, row, weights) for row in inputs])
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_a_batch_of_inputs_is_executed_at_once() -> None:
    rng = np.random.default_rng(5)
    circuit = Circuit(2, [("RY", 0, Input(0)), ("CNOT", (0, 1)), ("RX", 1, Weight(0)), ("CRZ", (0, 1), Input(0, 1))])
    noisy = with_random_noise(rng, circuit)
    inputs, weights = rng.normal(size=(5, 2)), rng.normal(size=1)
    expected = [read_values(noisy, ["Z0", "X0 Y1"], row, weights) for row in inputs]
    np.testing.assert_allclose(on_default_mixed(noisy, ["Z0", "X0 Y1"], inputs, weights), expected, atol=1e-10)


@pytest.mark.parametrize("readout", [Readout.symmetric(0.1), Readout.symmetric(0.5), None])
def test_readings_that_err_alike(readout: Readout | None) -> None:
    circuit = Circuit(2, [("RY", 0, 0.4), ("RX", 1, 1.1), ("CNOT", (0, 1))])
    noisy = NoisyCircuit(circuit, ((),) * 3, readout)
    nothing = np.zeros(0)
    expected = read_values(noisy, ["Z0", "Z0 Z1", "Y1"], nothing, nothing)
    np.testing.assert_allclose(on_default_mixed(noisy, ["Z0", "Z0 Z1", "Y1"], nothing, nothing), expected, atol=1e-12)


def test_words_are_measured_where_their_qubits_are() -> None:
    """The readout error is that of the qubit which is read."""
    rng = np.random.default_rng(2)
    circuit = Circuit(3, [("RY", 0, 0.4), ("RX", 1, 1.1), ("CNOT", (0, 2)), ("RY", 2, 0.3)])
    readout = random_readout(rng, 3)
    moved = NoisyCircuit(circuit, ((),) * 4, readout, qubit_of=(2, 0))
    nothing = np.zeros(0)
    values = on_default_mixed(moved, None, nothing, nothing)
    plain = NoisyCircuit(circuit, ((),) * 4, readout)
    np.testing.assert_allclose(values, on_default_mixed(plain, ["Z2", "Z0"], nothing, nothing), atol=1e-14)
    np.testing.assert_allclose(values, read_values(plain, ["Z2", "Z0"], nothing, nothing), atol=1e-12)
