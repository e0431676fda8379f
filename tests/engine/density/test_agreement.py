"""The density engine against three others: dense matrices, Qiskit Aer's density matrix, PennyLane's default.mixed."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch

from qlab.backends.aer import AerBackend
from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.engine import density
from qlab.noise import Located, NoisyCircuit
from qlab.noise.pennylane import to_pennylane
from tests.circuits.random_circuits import Case, random_case
from tests.engine.noisy_cases import GATES_ALONE, MODELS, WORDS, layers, random_noisy
from tests.noise.reference import random_channel, random_readout, with_random_noise

DOUBLE = torch.complex128


def on_mixed(noisy: NoisyCircuit, words: list[str] | None, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the values (B, K) on default.mixed."""
    device = qml.device("default.mixed", wires=noisy.n_qubits)
    function = qml.QNode(to_pennylane(noisy, words), device)
    rows = [np.array(function(row, weights.numpy()), dtype=float) for row in inputs.numpy()]
    return torch.tensor(np.array(rows))


def check(noisy: NoisyCircuit, case: Case) -> None:
    """Compare with Aer and default.mixed, and float32 with float64."""
    values = density.expectations(noisy, case.inputs, case.weights, case.observables, DOUBLE)
    aer = AerBackend().estimate(noisy, case.inputs, case.weights, case.observables, shots=None, seed=0)
    torch.testing.assert_close(values, aer.values, rtol=0, atol=1e-10)
    torch.testing.assert_close(values, on_mixed(noisy, case.observables, case.inputs, case.weights), rtol=0, atol=1e-10)
    single = density.expectations(noisy, case.inputs, case.weights, case.observables, torch.complex64)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), values, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "numbers", [range(3), pytest.param(range(3, 20), marks=pytest.mark.slow)], ids=["some", "the rest"]
)
@pytest.mark.parametrize("n_qubits", range(2, 7))
def test_random_circuits_with_random_channels(n_qubits: int, numbers: range) -> None:
    for number in numbers:
        rng = np.random.default_rng([4, n_qubits, number])
        case = random_case(rng, n_qubits, max_gates=16)
        samples = Case(case.circuit, case.observables, case.inputs[:2], case.weights)
        check(with_random_noise(rng, case.circuit), samples)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("encoding", ["angle", "iqp"])
@pytest.mark.parametrize("n_qubits", [2, 4, pytest.param(6, marks=pytest.mark.slow)])
def test_models(name: str, encoding: str, n_qubits: int) -> None:
    circuit = variational(n_qubits, 2, encoding, "ring", reuploading=encoding == "iqp")
    rng = np.random.default_rng(n_qubits)
    inputs, weights = rng.normal(size=(3, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    noisy = MODELS[name]().insert(circuit)
    check(noisy, Case(circuit, ["Z0", "X1 Y0", "Z0 Z1"], torch.tensor(inputs), torch.tensor(weights)))


@pytest.mark.parametrize("name", MODELS)
def test_models_against_dense_matrices(name: str) -> None:
    case = layers(name)
    values = density.expectations(case.noisy, case.inputs, case.weights, WORDS, DOUBLE)
    torch.testing.assert_close(values[0], case.exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_random_circuits_against_dense_matrices(seed: int) -> None:
    case = random_noisy(np.random.default_rng([5, seed]), pauli=bool(seed % 2))
    values = density.expectations(case.noisy, case.inputs, case.weights, case.words, DOUBLE)
    torch.testing.assert_close(values[0], case.exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", GATES_ALONE)
def test_every_gate_with_channels_behind_it(name: str) -> None:
    rng = np.random.default_rng(len(name))
    spec = GATES[name]
    size = spec.n_qubits or 0
    before = [("Rot", qubit, [Weight(3 * qubit + axis) for axis in range(3)]) for qubit in range(3)]
    slots = [Input(0), Weight(9), Input(1, 0)][: spec.n_angles]
    circuit = Circuit(
        3,
        [*before, (name, range(size)), (name, range(size)[::-1])]
        if not slots
        else [*before, (name, range(size), slots), (name, range(size)[::-1], slots[::-1])],
    )
    behind = [Located(random_channel(rng, 1, 2), (0,)), Located(random_channel(rng, 2, 3), (2, 0))]
    noisy = NoisyCircuit(circuit, (*[()] * 3, tuple(behind), tuple(behind)), random_readout(rng, 3))
    inputs, weights = rng.normal(size=(2, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    check(noisy, Case(circuit, WORDS, torch.tensor(inputs), torch.tensor(weights)))


@pytest.mark.parametrize("late", [False, True])
def test_embedded_amplitudes(late: bool) -> None:
    """Also where inputs are angles too, behind the embedding."""
    rng = np.random.default_rng(6)
    trained = variational(3, 1, "angle", "ring").gates if late else variational(3, 2, "amplitude", "ring").gates[1:]
    circuit = Circuit(3, [("AmplitudeEmbedding", range(3)), *trained])
    noisy = with_random_noise(rng, circuit)
    for batch in (1, 9):  # states to the end, or observables back to the embedding
        inputs, weights = rng.normal(size=(batch, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
        values = density.expectations(noisy, torch.tensor(inputs), torch.tensor(weights), WORDS, DOUBLE)
        mixed = on_mixed(noisy, WORDS, torch.tensor(inputs), torch.tensor(weights))
        torch.testing.assert_close(values, mixed, rtol=0, atol=1e-10)


@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
@pytest.mark.parametrize("reuploading", [False, True])
def test_states_and_observables_give_the_same(encoding: str, reuploading: bool) -> None:
    """A batch of one has fewer states than observables, a batch of many more."""
    circuit = variational(4, 3, encoding, "ring", reuploading=reuploading and encoding != "amplitude")
    rng = np.random.default_rng(7)
    noisy = with_random_noise(rng, circuit)
    inputs, weights = torch.tensor(rng.normal(size=(6, circuit.n_inputs))), torch.tensor(rng.normal(size=36))
    together = density.expectations(noisy, inputs, weights, WORDS, DOUBLE)
    one_by_one = [density.expectations(noisy, row[None], weights, WORDS, DOUBLE) for row in inputs]
    torch.testing.assert_close(together, torch.cat(one_by_one), rtol=0, atol=1e-12)
    single = [density.expectations(noisy, inputs[:1], weights, [word], DOUBLE) for word in WORDS]
    torch.testing.assert_close(together[:1], torch.cat(single, 1), rtol=0, atol=1e-12)


def test_measured_qubits_of_a_device() -> None:
    """Words are on the circuit as written; the executed one may have more qubits, in another order."""
    rng = np.random.default_rng(8)
    case = random_case(rng, 4, names=GATES_ALONE)
    noisy = with_random_noise(rng, case.circuit)
    moved = NoisyCircuit(noisy.circuit, noisy.channels, noisy.readout, qubit_of=(2, 0, 3))
    values = density.expectations(moved, case.inputs, case.weights, ["Z0 X1", "Y2"], DOUBLE)
    expected = density.expectations(noisy, case.inputs, case.weights, ["Z2 X0", "Y3"], DOUBLE)
    torch.testing.assert_close(values, expected, rtol=0, atol=0)
    assert density.expectations(moved, case.inputs, case.weights).shape == (len(case.inputs), 3)
