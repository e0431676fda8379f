"""A block as a circuit: the same outcomes in qlab's engines and in Aer, ideal, under noise and from shots."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qiskit import ClassicalRegister
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from qlab.circuits import Circuit
from qlab.circuits.qiskit import to_qiskit
from qlab.engine import density
from qlab.heads.residual.circuit import block_circuit
from qlab.heads.residual.dilation import exponential, isometry
from qlab.heads.residual.maps import scores
from qlab.heads.residual.outcomes import depolarised, misread
from qlab.noise import NoiseModel, models
from qlab.noise.readout import Readout
from tests.heads.residual.states import generator, random_states

NOTHING = torch.zeros(1, 0, dtype=torch.float64)


def random_unitary(size: int, seed: int) -> torch.Tensor:
    return exponential(torch.randn(2 * size, 2 * size, generator=generator(seed), dtype=torch.float64))


def random_vector(size: int, seed: int) -> torch.Tensor:
    parts = torch.randn(2, size, generator=generator(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(torch.complex(parts[0], parts[1]), dim=0)


def noisy_outcomes(circuit: Circuit, model: NoiseModel) -> torch.Tensor:
    """Return the distribution (2N,) by the density-matrix engine."""
    noisy = model.insert(circuit)
    qubits = tuple(range(circuit.n_qubits))
    return density.probabilities(noisy, NOTHING, NOTHING[0], qubits, torch.complex128)[0]


@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_circuit_is_its_unitary_up_to_a_phase(size: int) -> None:
    unitary = random_unitary(size, size)
    circuit = block_circuit(unitary)
    assert set(circuit.counts) <= {"Rot", "CNOT"}
    found = Operator(to_qiskit(circuit).reverse_bits()).data
    overlap = abs(np.trace(found.conj().T @ unitary.numpy())) / (2 * size)
    assert overlap == pytest.approx(1, abs=1e-9)
    assert circuit.two_qubit_gates <= {2: 3, 4: 20, 8: 100}[size]


def test_aer_measures_the_scores_of_a_mixed_state() -> None:
    """A mixed state is prepared as a mixture of its eigenvectors; exact probabilities, then 20,000 shots of each."""
    unitaries = (random_unitary(4, 1), random_unitary(4, 2))
    state = random_states(1, 4, generator(3))
    shares, vectors = torch.linalg.eigh(state[0])
    shots, exact, drawn = 20_000, torch.zeros(2, 4), torch.zeros(2, 4)
    for sign, unitary in enumerate(unitaries):
        for share, vector in zip(shares, vectors.T, strict=True):
            circuit = to_qiskit(block_circuit(unitary, vector)).reverse_bits()
            probabilities = np.abs(Operator(circuit).data[:, 0]) ** 2
            circuit.add_register(ClassicalRegister(3))
            circuit.measure(range(3), range(3))
            counts = AerSimulator(seed_simulator=7).run(circuit, shots=shots).result().get_counts()
            for outcome in range(4):  # the ancilla, the most significant bit, in 0
                exact[sign, outcome] += share * probabilities[outcome]
                drawn[sign, outcome] += share * counts.get(f"{outcome:03b}", 0) / shots
    expected = scores(state, *unitaries)[0]
    torch.testing.assert_close((exact[0] - exact[1]).double(), expected, rtol=0, atol=1e-6)
    standard_error = ((exact * (1 - exact)).sum(0) / shots).sqrt() * float((shares**2).sum().sqrt())
    assert ((drawn[0] - drawn[1] - expected).abs() < 5 * standard_error + 1e-6).all()


@pytest.mark.parametrize("p", [0.003, 0.05])
def test_depolarising_is_what_the_density_engine_makes_of_it(p: float) -> None:
    """On two qubits the noise after every CNOT is the channel on the whole register, and commutes with all gates."""
    unitary, vector = random_unitary(2, 4), random_vector(2, 5)
    circuit = block_circuit(unitary, vector)
    found = noisy_outcomes(circuit, models.depolarizing(p=p, p2=None, gates=["CNOT"]))
    mixed = 1 - (1 - p * 16 / 15) ** circuit.counts["CNOT"]
    ideal = (isometry(unitary) @ vector).abs() ** 2
    torch.testing.assert_close(found, depolarised(ideal, mixed), rtol=0, atol=1e-9)
    assert (found - ideal).abs().max() > 1e-3


@pytest.mark.parametrize("size", [2, 4])
def test_misread_bits_are_what_the_density_engine_makes_of_them(size: int) -> None:
    unitary, vector = random_unitary(size, 6), random_vector(size, 7)
    model = NoiseModel("readout", readout=Readout.symmetric(0.07))
    found = noisy_outcomes(block_circuit(unitary, vector), model)
    ideal = (isometry(unitary) @ vector).abs() ** 2
    torch.testing.assert_close(found, misread(ideal, 0.07), rtol=0, atol=1e-9)
