from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight
from qlab.engine import expectations
from qlab.engine.states import final_states
from tests.circuits.random_circuits import Case, gradients, random_case


def amplitudes(case: Case, row: int) -> np.ndarray:
    """Return PennyLane's final state of one sample."""
    function = case.circuit.to_pennylane(["Z0"])
    tape = qml.tape.make_qscript(function)(case.inputs[row].numpy(), case.weights.numpy())
    tape = tape.copy(measurements=[qml.state()])
    (state,) = qml.execute([tape], qml.device("default.qubit", wires=case.circuit.n_qubits))
    return np.asarray(state)


@pytest.mark.parametrize("seed", range(20))
def test_states_are_pennylanes_up_to_a_phase(seed: int) -> None:
    case = random_case(np.random.default_rng([17, seed]), n_qubits=1 + seed % 6)
    for dtype, close in ((torch.complex128, 1e-12), (torch.complex64, 1e-5)):
        states = final_states(case.circuit, case.inputs, case.weights, dtype)
        assert states.dtype == dtype
        assert states.shape == (len(case.inputs), 2**case.circuit.n_qubits)
        for row, state in enumerate(states.numpy()):
            assert abs(np.vdot(amplitudes(case, row), state)) == pytest.approx(1, abs=close)


@pytest.mark.parametrize("seed", range(10))
def test_gradients_are_those_of_expectation_values(seed: int) -> None:
    case = random_case(np.random.default_rng([18, seed]), n_qubits=1 + seed % 5)
    leaves = case.leaves()
    states = final_states(case.circuit, *leaves)
    signs = torch.tensor([(-1.0) ** (j >> (case.circuit.n_qubits - 1)) for j in range(states.shape[1])])
    z = (states.abs().square() * signs).sum(1)
    expected = expectations(case.circuit, *leaves, ["Z0"], torch.complex128, method="torch")[:, 0]
    torch.testing.assert_close(z, expected, rtol=0, atol=1e-12)
    direction = torch.arange(1.0, len(z) + 1, dtype=torch.float64)
    found, theirs = (gradients(each, leaves, direction) for each in (z, expected))
    for mine, other in zip(found, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def test_a_first_state_may_be_complex_and_of_any_norm() -> None:
    circuit = Circuit(2, [("AmplitudeEmbedding", (0, 1)), ("RX", 0, Weight(0)), ("CRY", (0, 1), Input(4))])
    inputs = torch.cat([torch.zeros(2, 4), torch.tensor([[0.3], [1.1]])], 1).double()
    weights = torch.tensor([0.7], dtype=torch.float64)
    first = torch.tensor([[1, 2j, 0.5, -1], [0.1, 0, 3j, 1 + 1j]], dtype=torch.complex128)
    units = torch.eye(4, dtype=torch.complex128)
    states = final_states(circuit, inputs, weights, first=first)
    for row in range(2):
        alone = final_states(circuit, inputs[row].expand(4, 5), weights, first=units)  # images of the basis states
        torch.testing.assert_close(states[row], first[row] @ alone, rtol=0, atol=1e-13)

    def values(first: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(final_states(circuit, inputs, weights, first=first))

    assert torch.autograd.gradcheck(values, (first.requires_grad_(), weights.requires_grad_()))


def test_a_second_derivative_is_refused() -> None:
    weights = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    states = final_states(Circuit(1, [("RX", 0, Weight(0))]), torch.zeros(1, 0), weights)
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(states.abs().square()[0, 0], weights, create_graph=True)
