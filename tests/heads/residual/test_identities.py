"""The identities that the construction stands on, to 1e-12 in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from qlab.heads.residual.activation import Activation, normalised
from qlab.heads.residual.contractions import Phases, contractions, draw_phases, optimised_phases
from qlab.heads.residual.dilation import exponential, halmos, isometry
from qlab.heads.residual.maps import block, classical_block, closed_form, scores
from qlab.heads.residual.outcomes import coherent_part
from tests.heads.residual.states import generator, random_states, random_vectors

EXACT = 1e-12
ACTIVATIONS: tuple[Activation, ...] = ("relu", "softmax", "sigmoid")


def random_weights(shape: tuple[int, ...], rng: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def unitaries_of(weights: torch.Tensor, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    found = contractions(weights, draw_phases(tuple(weights.shape), "random", rng).double())
    return halmos(found.plus), halmos(found.minus), float(found.scale)


@pytest.mark.parametrize("size", [2, 8, 64])
@pytest.mark.parametrize("phases", ["random", "zero"])
def test_dilations_are_unitary_and_hold_the_weights(size: int, phases: Phases) -> None:
    rng = generator(size)
    weights = random_weights((3, size, size), rng)
    found = contractions(weights, draw_phases((3, size, size), phases, rng).double())
    for contraction in (found.plus, found.minus):
        unitary = halmos(contraction)
        residue = unitary @ unitary.mH - torch.eye(2 * size)
        assert residue.abs().max() < EXACT
        assert (unitary[:, :size, :size] - contraction).abs().max() < EXACT
    seen = [isometry(halmos(part))[:, :size].abs() ** 2 for part in (found.plus, found.minus)]
    recovered = found.scale[:, None, None] * (seen[0] - seen[1])
    assert (recovered - weights).abs().max() < EXACT
    norms = torch.linalg.matrix_norm(torch.stack([found.plus, found.minus]), 2).amax(0)
    torch.testing.assert_close(norms, torch.ones(3, dtype=torch.float64), rtol=0, atol=EXACT)


def test_weights_of_one_sign_and_of_zero_have_dilations() -> None:
    for weights in (torch.zeros(4, 4, dtype=torch.float64), torch.ones(4, 4, dtype=torch.float64)):
        plus, minus, scale = unitaries_of(weights, generator(0))
        for unitary in (plus, minus):
            assert (unitary @ unitary.mH - torch.eye(8)).abs().max() < EXACT
        recovered = scale * (plus[:4, :4].abs() ** 2 - minus[:4, :4].abs() ** 2)
        assert (recovered - weights).abs().max() < EXACT


def test_free_unitaries_are_unitary_and_have_every_degree_of_freedom() -> None:
    entries = random_weights((2, 8, 8), generator(1))
    unitary = exponential(entries)
    assert (unitary @ unitary.mH - torch.eye(8)).abs().max() < EXACT
    jacobian = torch.autograd.functional.jacobian(lambda r: torch.view_as_real(exponential(r)).flatten(), entries[0])
    assert torch.linalg.matrix_rank(jacobian.reshape(-1, 64)) == 64


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_on_diagonal_states_it_is_the_classical_network(seed: int, activation: Activation) -> None:
    rng = generator(seed)
    depth, size = int(torch.randint(1, 7, (), generator=rng)), 2 ** int(torch.randint(1, 5, (), generator=rng))
    alpha = float(torch.rand((), generator=rng))
    vectors = random_vectors(5, size, rng)
    states = torch.diag_embed(vectors).to(torch.complex128)
    for _ in range(depth):
        weights = random_weights((size, size), rng)
        plus, minus, scale = unitaries_of(weights, rng)
        states = block(states, plus, minus, alpha, activation, 3.0, scale)
        vectors = classical_block(vectors, weights, alpha, activation, 3.0)
    assert (states - torch.diag_embed(vectors)).abs().max() < EXACT


def test_the_closed_form_and_the_decay_of_coherences() -> None:
    rng = generator(3)
    first = random_states(4, 4, rng)
    alpha, depth = 0.37, 5
    states, mixed = first, []
    for _ in range(depth):
        plus, minus = exponential(random_weights((2, 8, 8), rng))
        mixed.append(normalised(scores(states, plus, minus), "softmax", 8.0))
        states = block(states, plus, minus, alpha, "softmax", 8.0)
    assert (states - closed_form(first, mixed, alpha)).abs().max() < EXACT
    is_diagonal = torch.eye(4, dtype=torch.bool)
    decayed = (1 - alpha) ** depth * first
    assert (states - decayed)[:, ~is_diagonal].abs().max() < EXACT
    traces = states.diagonal(dim1=-2, dim2=-1).sum(-1)
    assert (traces - 1).abs().max() < EXACT
    assert torch.linalg.eigvalsh(states).min() > 0


def test_scores_are_linear_in_the_diagonal_and_the_coherences() -> None:
    rng = generator(4)
    states = random_states(6, 4, rng)
    unitaries = exponential(random_weights((2, 8, 8), rng))
    diagonal = states.diagonal(dim1=-2, dim2=-1)
    seen = isometry(unitaries)
    outcomes = (diagonal.real @ (seen.abs() ** 2).mT).transpose(0, 1)
    outcomes = outcomes + coherent_part(states - torch.diag_embed(diagonal), seen)
    assert (outcomes.sum(-1) - 1).abs().max() < EXACT
    found = (outcomes[:, 0] - outcomes[:, 1])[:, :4]
    assert (found - scores(states, unitaries[0], unitaries[1])).abs().max() < EXACT


def test_a_bias_is_a_weight_and_a_scale_is_nothing_under_relu() -> None:
    rng = generator(5)
    weights, bias = random_weights((4, 4), rng), random_weights((4,), rng)
    vectors = random_vectors(7, 4, rng)
    with_bias = vectors @ (weights + bias[:, None]).mT
    assert (with_bias - (vectors @ weights.mT + bias)).abs().max() < EXACT
    found = vectors @ weights.mT
    assert (normalised(found, "relu", 1.0) - normalised(found / 92.6, "relu", 1.0)).abs().max() < EXACT


def test_activations_are_distributions_and_a_dead_one_is_uniform() -> None:
    values = torch.tensor([[-1.0, -2.0, -0.5, -3.0], [1.0, -2.0, 3.0, 0.0]], dtype=torch.float64, requires_grad=True)
    found = normalised(values, "relu", 1.0)
    torch.testing.assert_close(found[0], torch.full((4,), 0.25, dtype=torch.float64))
    torch.testing.assert_close(found[1], torch.tensor([0.25, 0.0, 0.75, 0.0], dtype=torch.float64))
    for activation in ACTIVATIONS:
        found = normalised(values, activation, 2.0)
        torch.testing.assert_close(found.sum(-1), torch.ones(2, dtype=torch.float64))
        (gradient,) = torch.autograd.grad(found[:, 0].sum(), values)
        assert gradient.isfinite().all()
    logistic = 1 / (1 + math.exp(-2.0))
    assert normalised(values, "sigmoid", 2.0)[1, 0].item() == pytest.approx(
        logistic / sum(1 / (1 + math.exp(-2 * z)) for z in (1.0, -2.0, 3.0, 0.0))
    )


def test_random_phases_shrink_the_scale_and_optimised_ones_shrink_it_further() -> None:
    """With one sign and no phases the norm is that of a positive matrix, about N/2; with random ones about sqrt(N)."""
    rng = generator(6)
    weights = torch.rand(32, 32, generator=rng, dtype=torch.float64)
    start = draw_phases((32, 32), "random", rng).double()
    zero, random = (float(contractions(weights, phases).scale) for phases in (torch.zeros_like(start), start))
    best = optimised_phases(weights, start)
    assert random < zero / 3
    assert float(contractions(weights, best).scale) < 0.8 * random
    assert (optimised_phases(weights, best, steps=0) == best).all()
