"""Working memory comes back, and not too much of it is kept."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import torch

from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.compiled import memory

CIRCUIT = variational(5, 2, "angle", "ring")
INPUTS = torch.linspace(-2, 2, 35, dtype=torch.float64).view(7, 5)
STATES_AT_THE_END = """
import torch
import qlab.engine
from qlab.circuits import variational
kept = []
with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor), lambda none: kept[-1]):
    circuit = variational(2, 1, "angle", "ring")
    weights = torch.zeros(6, requires_grad=True)
    value = qlab.engine.expectations(circuit, torch.zeros(1, 2), weights, method="compiled")
assert kept[-1].nbytes > 16
"""


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


def test_a_process_ends_silently_with_states_of_a_graph() -> None:
    """Names of a module that another one still holds, as ``qlab`` does here, are None by then."""
    ended = subprocess.run([sys.executable, "-c", STATES_AT_THE_END], check=True, capture_output=True, text=True)
    assert ended.stderr == ""


def test_the_pool_is_bounded(pool: memory.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_KEPT_BYTES", 3 << 20)
    monkeypatch.setattr(memory, "_SMALL", 0)
    circuit = variational(9, 1, "angle", "ring")
    most = 0
    for batch in (*range(1, 40, 2), *range(41, 200, 32)):
        leaf = torch.ones(circuit.n_weights, requires_grad=True)
        expectations(circuit, torch.ones(batch, 9), leaf, method="compiled").sum().backward()
        most = max(most, len(pool.idle))
        assert sum(bundle.nbytes for bundle in pool.idle) <= 3 << 20
        assert len(pool.idle) <= 16
    assert most > 5
