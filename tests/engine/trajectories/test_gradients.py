"""Gradients of estimates: those of the same trajectories, and right in the mean."""

from __future__ import annotations

import pytest
import torch

from qlab.engine import density
from qlab.engine.trajectories import estimate, pauli
from qlab.errors import CapabilityError
from tests.engine.noisy_cases import WORDS, NoisyCase, layers

DOUBLE = torch.complex128
DIRECTION = torch.tensor([1.0, -0.4, 0.7, 0.3], dtype=torch.float64)


def value(case: NoisyCase, inputs: torch.Tensor, weights: torch.Tensor, seed: int = 2) -> torch.Tensor:
    """Return one number that depends on all values."""
    found = estimate(case.noisy, inputs, weights, WORDS, DOUBLE, trajectories=40, seed=seed)
    return (found.values @ DIRECTION).sum()


def slopes(case: NoisyCase, seed: int = 2) -> torch.Tensor:
    """Return the gradient by inputs and weights, one behind the other."""
    inputs, weights = case.inputs.clone().requires_grad_(), case.weights.clone().requires_grad_()
    parts = torch.autograd.grad(value(case, inputs, weights, seed), [inputs, weights])
    return torch.cat([part.flatten() for part in parts])


@pytest.mark.parametrize("name", ["depolarizing", "lego"])
def test_the_gradient_is_that_of_the_same_trajectories(name: str) -> None:
    case, step = layers(name), 1e-4
    numbers = torch.cat([case.inputs.flatten(), case.weights])
    found = torch.empty_like(numbers)
    for place in range(len(numbers)):
        ends = []
        for sign in (1, -1):
            moved = numbers.clone()
            moved[place] += sign * step
            ends.append(value(case, moved[None, :3], moved[3:]))
        found[place] = (ends[0] - ends[1]) / (2 * step)
    torch.testing.assert_close(slopes(case), found, rtol=0, atol=1e-6)


def test_the_mean_gradient_is_the_exact_one() -> None:
    case = layers("depolarizing")
    inputs, weights = case.inputs.clone().requires_grad_(), case.weights.clone().requires_grad_()
    exact_value = (density.expectations(case.noisy, inputs, weights, WORDS, DOUBLE) @ DIRECTION).sum()
    exact = torch.cat([part.flatten() for part in torch.autograd.grad(exact_value, [inputs, weights])])
    found = torch.stack([slopes(case, seed) for seed in range(100)])
    errors = found.std(0) / 10 + 1e-12
    assert ((found.mean(0) - exact) / errors).abs().max() < 5
    assert errors.max() > 1e-4  # there is something random to average


def test_states_that_are_not_kept_are_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    case = layers("lego")
    expected = slopes(case)
    monkeypatch.setattr(pauli, "_KEPT_BYTES", 16 * 8 * 7)  # seven states
    torch.testing.assert_close(slopes(case), expected, rtol=0, atol=1e-12)


def test_channels_that_are_no_mixtures_of_paulis_have_no_gradient() -> None:
    case = layers("composed")
    weights = case.weights.clone().requires_grad_()
    with pytest.raises(CapabilityError, match=r"no gradient through amplitude_damping, .*: differentiate the density"):
        estimate(case.noisy, case.inputs, weights, trajectories=5, seed=0)
    with torch.no_grad():
        estimate(case.noisy, case.inputs, weights, trajectories=5, seed=0)
