"""Simultaneous perturbation: right in the mean, from two executions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.backends.conditions import Conditions
from qlab.backends.engine import EngineBackend
from qlab.backends.spsa import SPSA
from qlab.circuits import variational
from qlab.errors import CapabilityError
from qlab.noise import NoiseModel

CIRCUIT = variational(2, 1, "angle", "ring")
DOUBLE = EngineBackend(precision="double")
RNG = np.random.default_rng(7)
INPUTS = torch.tensor(RNG.normal(size=(3, 2)))
WEIGHTS = torch.tensor(RNG.normal(size=CIRCUIT.n_weights))
DIRECTION = torch.tensor(RNG.normal(size=(3, 2)))


def slope(backend: SPSA | EngineBackend) -> torch.Tensor:
    weights = WEIGHTS.clone().requires_grad_()
    (backend.expectations(CIRCUIT, INPUTS, weights) * DIRECTION).sum().backward()
    assert weights.grad is not None
    return weights.grad


def test_the_mean_over_seeds_is_the_gradient() -> None:
    found = torch.stack([slope(SPSA(DOUBLE, seed, step=1e-3)) for seed in range(4000)])
    error = found.std(0) / len(found) ** 0.5
    assert ((found.mean(0) - slope(DOUBLE)).abs() < 5 * error + 1e-5).all()


def test_along_its_own_signs_it_is_the_directional_derivative() -> None:
    found = slope(SPSA(DOUBLE, 0, step=1e-4))
    signs = found.sign()
    expected = (slope(DOUBLE) * signs).sum()
    assert (found * signs).mean().item() == pytest.approx(expected.item(), abs=1e-6)


def test_it_learns_from_shots() -> None:
    backend = SPSA(Conditions("engine", DOUBLE, NoiseModel("none"), 200, 0), 0)
    weights = WEIGHTS.clone().requires_grad_()
    optimizer = torch.optim.Adam([weights], lr=0.1)
    before = DOUBLE.expectations(CIRCUIT, INPUTS, weights).sum().item()
    for _ in range(60):
        optimizer.zero_grad()
        backend.expectations(CIRCUIT, INPUTS, weights).sum().backward()
        optimizer.step()
    assert DOUBLE.expectations(CIRCUIT, INPUTS, weights).sum().item() < min(before, 0) - 1


def test_a_gradient_by_inputs_is_refused() -> None:
    with pytest.raises(CapabilityError, match="no gradient by inputs"):
        SPSA(DOUBLE, 0).expectations(CIRCUIT, INPUTS.clone().requires_grad_(), WEIGHTS)
