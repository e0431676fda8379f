from __future__ import annotations

import pytest
import torch
from qiskit.quantum_info import Statevector, partial_trace

from qlab.diagnostics.entanglement import haar_meyer_wallach, meyer_wallach
from tests.diagnostics.random_states import haar_states


def superposition(n_qubits: int, *numbers: int) -> torch.Tensor:
    """Return the equal superposition of some basis states, (1, 2^n)."""
    state = torch.zeros(1, 2**n_qubits, dtype=torch.complex128)
    state[0, list(numbers)] = len(numbers) ** -0.5
    return state


@pytest.mark.parametrize("n_qubits", [2, 3, 4, 7])
def test_ghz_states_are_as_entangled_as_can_be(n_qubits: int) -> None:
    measure = meyer_wallach(superposition(n_qubits, 0, 2**n_qubits - 1))
    torch.testing.assert_close(measure, torch.ones(1, dtype=torch.float64), rtol=0, atol=1e-14)


@pytest.mark.parametrize("n_qubits", [2, 3, 5, 8])
def test_w_states(n_qubits: int) -> None:
    """Each qubit is 1 with probability 1/n and has no coherence: Q = 4 (n - 1) / n^2."""
    measure = meyer_wallach(superposition(n_qubits, *(1 << qubit for qubit in range(n_qubits))))
    assert float(measure) == pytest.approx(4 * (n_qubits - 1) / n_qubits**2, abs=1e-14)


def test_product_states_are_not_entangled() -> None:
    state = torch.ones(5, 1, dtype=torch.complex128)
    for qubit in range(4):
        factor = haar_states(5, 1, seed=qubit)
        state = (state[:, :, None] * factor[:, None, :]).flatten(1)
    assert float(meyer_wallach(state).abs().max()) < 1e-14


def test_only_the_entangled_qubits_count() -> None:
    bell = superposition(2, 0, 3)
    state = (bell[:, :, None] * superposition(2, 1)[:, None, :]).flatten(1)  # two of four qubits
    assert float(meyer_wallach(state)) == pytest.approx(0.5, abs=1e-14)


def test_purities_are_those_of_qiskit() -> None:
    states = haar_states(6, 3, seed=1)
    for state, measure in zip(states, meyer_wallach(states), strict=True):
        purities = [
            partial_trace(Statevector(state.numpy()), [other for other in range(3) if other != qubit]).purity().real
            for qubit in range(3)
        ]
        assert float(measure) == pytest.approx(2 * (1 - sum(purities) / 3), abs=1e-12)


@pytest.mark.parametrize("n_qubits", [1, 2, 4, 7])
def test_the_mean_of_haar_random_states(n_qubits: int) -> None:
    measures = meyer_wallach(haar_states(4000, n_qubits, seed=n_qubits))
    error = float(measures.std()) / len(measures) ** 0.5
    assert abs(float(measures.mean()) - haar_meyer_wallach(n_qubits)) < 5 * error + 1e-12
