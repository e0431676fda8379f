"""Joint distributions of measured qubits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import variational
from qlab.engine import density
from qlab.errors import CircuitError
from qlab.noise import NoisyCircuit
from tests.circuits.random_circuits import random_case
from tests.engine.noisy_cases import GATES_ALONE, random_noisy
from tests.noise.reference import Numbers, density_matrix, with_random_noise

DOUBLE = torch.complex128


def distribution(
    noisy: NoisyCircuit, qubits: tuple[int, ...], inputs: Numbers, weights: Numbers, read: bool
) -> Numbers:
    """Return the distribution (2^m,) from the diagonal of the density matrix, errors of reading by a dense matrix."""
    n_qubits = noisy.n_qubits
    found = np.diag(density_matrix(noisy, inputs, weights)).real
    if read and noisy.readout is not None:
        matrix = np.eye(1)
        for qubit in range(n_qubits):
            matrix = np.asarray(np.kron(matrix, noisy.readout.of(qubit)))
        found = matrix @ found
    rest = tuple(qubit for qubit in range(n_qubits) if qubit not in qubits)
    cube = found.reshape((2,) * n_qubits).transpose(*qubits, *rest)
    summed: Numbers = cube.reshape(2 ** len(qubits), -1).sum(1)
    return summed


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("readout", [True, False])
def test_random_circuits(seed: int, readout: bool) -> None:
    rng = np.random.default_rng([7, seed])
    case = random_case(rng, int(rng.integers(1, 5)), 14, GATES_ALONE)
    noisy = with_random_noise(rng, case.circuit)
    qubits = tuple(int(q) for q in rng.permutation(noisy.n_qubits)[: int(rng.integers(1, noisy.n_qubits + 1))])
    found = density.probabilities(noisy, case.inputs, case.weights, qubits, DOUBLE, readout=readout)
    rows = [distribution(noisy, qubits, row, case.weights.numpy(), readout) for row in case.inputs.numpy()]
    torch.testing.assert_close(found, torch.tensor(np.array(rows)), rtol=0, atol=1e-13)
    assert found.min() >= 0
    single = density.probabilities(noisy, case.inputs, case.weights, qubits, readout=readout)
    torch.testing.assert_close(single.double(), found, rtol=0, atol=1e-6)


def test_batches_larger_than_the_number_of_outcomes() -> None:
    circuit = variational(4, 2, "angle", "ring")
    rng = np.random.default_rng(8)
    noisy = with_random_noise(rng, circuit)
    inputs, weights = torch.tensor(rng.normal(size=(9, 4))), torch.tensor(rng.normal(size=24))
    for qubits in ((2,), (3, 1), (0, 1, 2)):  # 1, 3 and 7 observables, executed back to the encoding
        found = density.probabilities(noisy, inputs, weights, qubits, DOUBLE)
        rows = [distribution(noisy, qubits, row, weights.numpy(), read=True) for row in inputs.numpy()]
        torch.testing.assert_close(found, torch.tensor(np.array(rows)), rtol=0, atol=1e-13)


def test_they_agree_with_the_expectations_and_are_differentiable() -> None:
    case = random_noisy(np.random.default_rng(9), pauli=False)
    weights = case.weights.clone().requires_grad_()
    found = density.probabilities(case.noisy, case.inputs, weights, (0, 1), DOUBLE)
    signs = found.new_tensor([1.0, -1.0, -1.0, 1.0])
    values = density.expectations(case.noisy, case.inputs, weights, ["Z0 Z1"], DOUBLE)
    torch.testing.assert_close(found @ signs, values[:, 0], rtol=0, atol=1e-14)
    ours, theirs = (torch.autograd.grad(value.sum(), weights)[0] for value in (found @ signs, values))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)


def test_measured_qubits_of_a_device() -> None:
    case = random_noisy(np.random.default_rng(10), pauli=True)
    moved = NoisyCircuit(case.noisy.circuit, case.noisy.channels, case.noisy.readout, qubit_of=(1, 0))
    found = density.probabilities(moved, case.inputs, case.weights, (0, 1), DOUBLE)
    expected = density.probabilities(case.noisy, case.inputs, case.weights, (1, 0), DOUBLE)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("qubits", [(), (0, 0), (0, 9), (-1,)])
def test_wrong_qubits(qubits: tuple[int, ...]) -> None:
    case = random_noisy(np.random.default_rng(11), pauli=True)
    with pytest.raises(CircuitError, match="measured qubits must be different ones of 0 to"):
        density.probabilities(case.noisy, case.inputs, case.weights, qubits)
