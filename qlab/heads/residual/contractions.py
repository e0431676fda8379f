"""Real weights as differences of outcome probabilities: two contractions whose phases are free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

Phases = Literal["random", "optimised", "zero"]
Signed = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Contractions:
    """A+ and A- with |A+_ji|^2 - |A-_ji|^2 = W_ji / scale and spectral norms of at most 1.

    Attributes:
        plus: (..., N, N), complex.
        minus: (..., N, N), complex.
        scale: (...), the larger of the two squared spectral norms before they were divided by it.
    """

    plus: torch.Tensor
    minus: torch.Tensor
    scale: torch.Tensor


def draw_phases(shape: tuple[int, ...], phases: Phases, generator: torch.Generator) -> torch.Tensor:
    """Return phases in radians: uniform over a turn, which optimised ones start from, too, or 0."""
    drawn = torch.rand(shape, generator=generator)
    return torch.zeros(shape) if phases == "zero" else 2 * math.pi * drawn


def amplitudes(weights: torch.Tensor, phases: torch.Tensor) -> Signed:
    """Return exp(i phase) sqrt(max(±W, 0)) for weights and phases (..., N, N): contractions but for their scale.

    The derivative at weights of 0 is 0, not infinite.
    """
    turned = torch.polar(torch.ones_like(weights), phases.to(weights.dtype))
    plus, minus = (turned * _root(signed) for signed in (weights, -weights))
    return plus, minus


def contractions(weights: torch.Tensor, phases: torch.Tensor) -> Contractions:
    """Return the contractions of real weights (..., N, N), with ``phases`` in radians of the same shape.

    Where the entries of a column have unlike phases the spectral norm is smaller, and the probability of the outcomes
    that count is larger. Weights that are all 0 have a scale of 1.
    """
    plus, minus = amplitudes(weights, phases)
    norms = torch.maximum(_spectral_norm(plus), _spectral_norm(minus))  # (...)
    norms = torch.where(norms > 0, norms, 1.0)
    factor = norms[..., None, None]
    return Contractions(plus / factor, minus / factor, norms**2)


def optimised_phases(weights: torch.Tensor, start: torch.Tensor, steps: int = 60, lr: float = 0.1) -> torch.Tensor:
    """Return phases (..., N, N) whose scale is smaller than that of ``start``, by Adam on the logarithm of the scale.

    What is returned is the best that was passed through, so that it is never worse than the start.
    """
    fixed, phases = weights.detach(), start.detach().clone().requires_grad_()
    best = contractions(fixed, start).scale.detach()  # (...)
    kept = start.detach().clone()
    optimizer = torch.optim.Adam([phases], lr=lr)
    with torch.enable_grad():
        for _ in range(steps):
            optimizer.zero_grad()
            contractions(fixed, phases).scale.log().sum().backward()
            optimizer.step()
            scale = contractions(fixed, phases).scale.detach()
            is_better = scale < best
            kept = torch.where(is_better[..., None, None], phases.detach(), kept)
            best = torch.minimum(best, scale)
    return kept


def _root(values: torch.Tensor) -> torch.Tensor:
    is_positive = values > 0
    return torch.where(is_positive, torch.where(is_positive, values, 1.0).sqrt(), 0.0)


def _spectral_norm(matrices: torch.Tensor) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.matrix_norm(matrices, 2)
    return norm
