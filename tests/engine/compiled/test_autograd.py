from __future__ import annotations

import gc

import pytest
import torch

from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.compiled import memory

CIRCUIT = variational(5, 2, "angle", "ring")
INPUTS = torch.linspace(-2, 2, 35, dtype=torch.float64).view(7, 5)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> memory.Pool:
    pool = memory.Pool()
    monkeypatch.setattr(memory, "POOL", pool)
    monkeypatch.setattr("qlab.engine.compiled.execution.POOL", pool)
    monkeypatch.setattr("qlab.engine.compiled.function.POOL", pool)
    return pool


def weights() -> torch.Tensor:
    return torch.linspace(-3, 3, CIRCUIT.n_weights, dtype=torch.float64).requires_grad_()


def loss(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return expectations(CIRCUIT, inputs, weights, dtype=torch.complex128, method="compiled").square().sum()


def test_a_second_derivative_is_refused() -> None:
    leaf = weights()
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(loss(INPUTS, leaf), leaf, create_graph=True)


def test_a_second_backward_is_refused_unless_the_graph_is_kept() -> None:
    leaf = weights()
    value = loss(INPUTS, leaf)
    (first,) = torch.autograd.grad(value, leaf, retain_graph=True)
    (second,) = torch.autograd.grad(value, leaf)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(value, leaf)


def test_graphs_may_overlap() -> None:
    leaf = weights()
    losses = [loss(scale * INPUTS, leaf) for scale in (1, 2, 3)]
    together = [torch.autograd.grad(value, leaf)[0] for value in losses]
    for scale, gradient in zip((1, 2, 3), together, strict=True):
        (alone,) = torch.autograd.grad(loss(scale * INPUTS, leaf), leaf)
        torch.testing.assert_close(gradient, alone, rtol=0, atol=0)


def test_states_that_hooks_put_elsewhere_are_used() -> None:
    leaf = weights()
    (expected,) = torch.autograd.grad(loss(INPUTS, leaf), leaf)
    with torch.autograd.graph.save_on_cpu():
        value = loss(INPUTS, leaf)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor):
        copied = loss(INPUTS, leaf)
    loss(5 * INPUTS, leaf).backward()  # takes the memory that the hooks set free
    for kept in (value, copied):
        (gradient,) = torch.autograd.grad(kept, leaf)
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-14)


def test_evaluation_gives_its_memory_back(pool: memory.Pool) -> None:
    leaf = weights()
    for _ in range(5):
        with torch.no_grad():
            loss(INPUTS, leaf)
    assert len(pool.idle) == 1
    assert sum(bundle.nbytes for bundle in pool.idle) < 100_000


def test_training_gives_its_memory_back(pool: memory.Pool) -> None:
    leaf = weights()
    for _ in range(5):
        loss(INPUTS, leaf).backward()
    gc.collect()
    assert len(pool.idle) == 1


def test_a_graph_that_is_dropped_gives_its_memory_back(pool: memory.Pool) -> None:
    value = loss(INPUTS, weights())
    before = len(pool.idle)
    del value
    gc.collect()
    assert len(pool.idle) == before + 1


def test_the_pool_is_bounded(pool: memory.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_KEPT_BYTES", 3 << 20)
    monkeypatch.setattr(memory, "_SMALL", 0)
    circuit = variational(9, 1, "angle", "ring")
    for batch in range(1, 120, 8):
        leaf = torch.ones(circuit.n_weights, requires_grad=True)
        expectations(circuit, torch.ones(batch, 9), leaf, method="compiled").sum().backward()
        gc.collect()
        assert sum(bundle.nbytes for bundle in pool.idle) <= 3 << 20
        assert len(pool.idle) <= 16


def test_gradients_have_the_dtype_of_their_leaves() -> None:
    inputs, leaf = INPUTS.float().requires_grad_(), weights()
    expectations(CIRCUIT, inputs, leaf, dtype=torch.complex64, method="compiled").sum().backward()
    assert inputs.grad is not None
    assert leaf.grad is not None
    assert inputs.grad.dtype == torch.float32
    assert leaf.grad.dtype == torch.float64


def test_leaves_may_have_any_strides() -> None:
    leaf = weights()
    wide = torch.stack([INPUTS.T, INPUTS.T], dim=2)
    strided = torch.stack([leaf.detach(), leaf.detach()], dim=1)[:, 0].requires_grad_()
    (expected,) = torch.autograd.grad(loss(INPUTS, leaf), leaf)
    (found,) = torch.autograd.grad(loss(wide[:, :, 1].T, strided), strided)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
