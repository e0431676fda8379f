from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.engine import expectations
from tests.circuits.random_circuits import gradients, random_case


@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_the_slopes_of_the_values(seed: int) -> None:
    case = random_case(np.random.default_rng([4, seed]), max_qubits=5, max_gates=25)
    leaves, direction = case.leaves(), case.direction()

    def loss(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return (expectations(case.circuit, inputs, weights, case.observables, torch.complex128) * direction).sum()

    found = gradients(expectations(case.circuit, *leaves, case.observables, torch.complex128), leaves, direction)
    step = 1e-5
    for which, (leaf, gradient) in enumerate(zip(leaves, found, strict=True)):
        for place in np.ndindex(tuple(leaf.shape)):
            ends = []
            for sign in (1, -1):
                moved = [tensor.detach().clone() for tensor in leaves]
                moved[which][place] += sign * step
                ends.append(loss(moved[0], moved[1]))
            slope = (ends[0] - ends[1]) / (2 * step)
            torch.testing.assert_close(gradient[place], slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    "circuit",
    [
        variational(3, 2, "angle", "ring"),
        variational(2, 2, "iqp", "strongly_entangling", reuploading=True),
        variational(2, 1, "amplitude", "basic_entangler"),
        Circuit(2, [("CRot", (0, 1), (Weight(0), Input(0), Weight(0))), ("IsingYY", (1, 0), Input(0, 1))]),
    ],
    ids=["ring", "re-uploading", "amplitudes", "shared slots"],
)
def test_pytorch_agrees_with_the_gradients(circuit: Circuit) -> None:
    rng = np.random.default_rng(1)
    inputs = torch.tensor(rng.normal(size=(2, circuit.n_inputs)), requires_grad=True)
    weights = torch.tensor(rng.normal(size=circuit.n_weights), requires_grad=True)

    def values(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return expectations(circuit, inputs, weights, ["Z0", "X0 Y1"], torch.complex128)

    assert torch.autograd.gradcheck(values, (inputs, weights))


def leaves(circuit: Circuit, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(batch, circuit.n_inputs, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(circuit.n_weights, generator=generator, dtype=torch.float64, requires_grad=True)
    return inputs, weights


def test_gradients_of_float32_leaves_are_float32() -> None:
    circuit = variational(3, 1, "angle", "ring")
    inputs, weights = (leaf.detach().float().requires_grad_() for leaf in leaves(circuit))
    expectations(circuit, inputs, weights, dtype=torch.complex128).sum().backward()
    assert inputs.grad is not None
    assert weights.grad is not None
    assert inputs.grad.dtype == weights.grad.dtype == torch.float32


def test_frozen_inputs_do_not_change_the_gradient_by_weights() -> None:
    for ansatz in ("ring", "ring_first"):
        circuit = variational(5, 2, "angle", ansatz, reuploading=ansatz == "ring")
        inputs, weights = leaves(circuit)
        (both,) = torch.autograd.grad(expectations(circuit, inputs, weights).square().sum(), [weights])
        (alone,) = torch.autograd.grad(expectations(circuit, inputs.detach(), weights).square().sum(), [weights])
        torch.testing.assert_close(both, alone)


def test_frozen_weights_do_not_change_the_gradient_by_inputs() -> None:
    circuit = variational(4, 2, "iqp", "ring")
    inputs, weights = leaves(circuit)
    (both,) = torch.autograd.grad(expectations(circuit, inputs, weights).square().sum(), [inputs])
    (alone,) = torch.autograd.grad(expectations(circuit, inputs, weights.detach()).square().sum(), [inputs])
    torch.testing.assert_close(both, alone)


def test_backward_can_run_twice_and_graphs_can_overlap() -> None:
    circuit = variational(4, 2, "angle", "ring")
    inputs, weights = leaves(circuit)
    one = expectations(circuit, inputs, weights).square().sum()
    other = expectations(circuit, 2 * inputs, weights).square().sum()
    (first,) = torch.autograd.grad(one, weights, retain_graph=True)
    torch.autograd.grad(other, weights)
    (second,) = torch.autograd.grad(one, weights)
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_second_derivative_is_refused() -> None:
    circuit = variational(2, 1, "angle", "ring")
    inputs, weights = leaves(circuit)
    value = expectations(circuit, inputs, weights).sum()
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(value, weights, create_graph=True)
