"""What noise, errors of reading, shots and Trotter steps do to distributions of outcomes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from qlab.heads.residual.dilation import exponential
from qlab.heads.residual.outcomes import copies, depolarised, drawn, misread
from qlab.heads.residual.trotter import n_pauli_terms, trotterised
from tests.heads.residual.states import generator, random_vectors


def test_shares_of_shots_have_the_right_mean_and_spread() -> None:
    """The mean over 4,000 draws within 5 standard errors; the mean squared deviation is p(1 - p)/shots."""
    distribution = random_vectors(1, 8, generator(0))
    shots, repeats = 50, 4000
    found = drawn(distribution.expand(repeats, 8), shots, np.random.default_rng(1))
    torch.testing.assert_close(found.sum(-1), torch.ones(repeats, dtype=torch.float64))
    variance = distribution[0] * (1 - distribution[0]) / shots
    assert ((found.mean(0) - distribution[0]).abs() < 5 * (variance / repeats).sqrt()).all()
    spread = ((found - distribution) ** 2).mean(0)
    assert ((spread / variance - 1).abs() < 5 * (3 / repeats) ** 0.5).all()


def test_noise_keeps_distributions_and_has_its_limits() -> None:
    distribution = random_vectors(3, 8, generator(1))
    uniform = torch.full_like(distribution, 1 / 8)
    for found in (depolarised(distribution, 0.2), misread(distribution, 0.1)):
        torch.testing.assert_close(found.sum(-1), torch.ones(3, dtype=torch.float64))
        assert (found - distribution).abs().max() > 0.01
    torch.testing.assert_close(depolarised(distribution, 1.0), uniform)
    torch.testing.assert_close(misread(distribution, 0.5), uniform)
    torch.testing.assert_close(misread(distribution, 1.0), distribution.flip(-1))


def test_four_copies_for_each_shot_and_block() -> None:
    assert copies(3, 1000) == 12_000


def test_trotter_steps_converge_at_first_order() -> None:
    """Twice the steps halve the error, to within what the second order adds; it stays a unitary."""
    unitary = exponential(0.5 * torch.randn(8, 8, generator=generator(2), dtype=torch.float64))
    errors = []
    for steps in (16, 32, 64, 128):
        found = trotterised(unitary, steps)
        assert (found @ found.mH - torch.eye(8)).abs().max() < 1e-12
        errors.append(float(torch.linalg.matrix_norm(found - unitary, 2)))
    ratios = [first / second for first, second in pairwise(errors)]
    assert ratios == pytest.approx([2, 2, 2], rel=0.05)
    assert n_pauli_terms(unitary) == 63


def test_commuting_terms_have_no_trotter_error() -> None:
    angles = torch.tensor([0.3, -1.1, 0.4, 2.0], dtype=torch.float64)
    unitary = torch.diag(torch.polar(torch.ones(4, dtype=torch.float64), angles))[None]
    assert (trotterised(unitary, 1) - unitary).abs().max() < 1e-12
