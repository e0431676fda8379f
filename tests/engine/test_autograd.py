"""How the simulator behaves as a part of PyTorch's graphs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.choice import Method

CIRCUIT = variational(5, 2, "angle", "ring")
INPUTS = torch.linspace(-2, 2, 35, dtype=torch.float64).view(7, 5)


def weights() -> torch.Tensor:
    return torch.linspace(-3, 3, CIRCUIT.n_weights, dtype=torch.float64).requires_grad_()


def loss(inputs: torch.Tensor, weights: torch.Tensor, method: Method) -> torch.Tensor:
    return expectations(CIRCUIT, inputs, weights, dtype=torch.complex128, method=method).square().sum()


def test_a_second_derivative_is_refused(method: Method) -> None:
    leaf = weights()
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(loss(INPUTS, leaf, method), leaf, create_graph=True)


def test_a_second_backward_is_refused_unless_the_graph_is_kept(method: Method) -> None:
    leaf = weights()
    value = loss(INPUTS, leaf, method)
    (first,) = torch.autograd.grad(value, leaf, retain_graph=True)
    (second,) = torch.autograd.grad(value, leaf)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(value, leaf)


def test_leaves_that_are_changed_before_the_backward_pass_are_noticed(method: Method) -> None:
    leaf = weights()
    value = loss(INPUTS, leaf, method)
    with torch.no_grad():
        leaf += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


def test_graphs_may_overlap(method: Method) -> None:
    leaf = weights()
    losses = [loss(scale * INPUTS, leaf, method) for scale in (1, 2, 3)]
    together = [torch.autograd.grad(value, leaf)[0] for value in losses]
    for scale, gradient in zip((1, 2, 3), together, strict=True):
        (alone,) = torch.autograd.grad(loss(scale * INPUTS, leaf, method), leaf)
        torch.testing.assert_close(gradient, alone, rtol=0, atol=0)


def test_states_that_hooks_put_elsewhere_are_used(method: Method) -> None:
    leaf = weights()
    (expected,) = torch.autograd.grad(loss(INPUTS, leaf, method), leaf)
    with torch.autograd.graph.save_on_cpu():
        value = loss(INPUTS, leaf, method)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor):
        copied = loss(INPUTS, leaf, method)
    loss(5 * INPUTS, leaf, method).backward()  # takes the memory that the hooks set free
    for kept in (value, copied):
        (gradient,) = torch.autograd.grad(kept, leaf)
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-14)


def test_a_layer_before_and_a_layer_behind_are_trained(method: Method) -> None:
    torch.manual_seed(0)
    before, behind = torch.nn.Linear(3, 5).double(), torch.nn.Linear(5, 1).double()
    leaf = weights()

    def value() -> torch.Tensor:
        values = expectations(CIRCUIT, before(INPUTS[:, :3]), leaf, dtype=torch.complex128, method=method)
        outputs: torch.Tensor = behind(values)
        return outputs.square().sum()

    gradient = torch.autograd.grad(value(), before.weight)[0][2, 1]
    ends = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            before.weight[2, 1] += step
            ends.append(value())
            before.weight[2, 1] -= step
    torch.testing.assert_close(gradient, (ends[0] - ends[1]) / 2e-5, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_gradients_have_the_dtype_of_their_leaves(dtype: torch.dtype, method: Method) -> None:
    inputs, leaf = INPUTS.float().requires_grad_(), weights()
    expectations(CIRCUIT, inputs, leaf, dtype=dtype, method=method).sum().backward()
    assert inputs.grad is not None
    assert leaf.grad is not None
    assert inputs.grad.dtype == torch.float32
    assert leaf.grad.dtype == torch.float64


def test_leaves_may_have_any_strides(method: Method) -> None:
    leaf = weights()
    wide = torch.stack([INPUTS.T, INPUTS.T], dim=2)
    strided = torch.stack([leaf.detach(), leaf.detach()], dim=1)[:, 0].requires_grad_()
    (expected,) = torch.autograd.grad(loss(INPUTS, leaf, method), leaf)
    (found,) = torch.autograd.grad(loss(wide[:, :, 1].T, strided, method), strided)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_states_that_hooks_put_elsewhere_while_the_number_of_threads_changed() -> None:
    circuit = variational(11, 2, "angle", "ring")
    rng = np.random.default_rng(11)
    inputs = torch.tensor(rng.normal(size=(5, 11)))
    weights = torch.tensor(rng.normal(size=circuit.n_weights), requires_grad=True)
    (expected,) = torch.autograd.grad(expectations(circuit, inputs, weights).sum(), weights)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with torch.autograd.graph.saved_tensors_hooks(torch.clone, lambda tensor: tensor):
            values = expectations(circuit, inputs, weights).sum()
        torch.autograd.grad(expectations(circuit, inputs + 1, weights).sum(), weights)
        torch.set_num_threads(1)
        (found,) = torch.autograd.grad(values, weights)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
