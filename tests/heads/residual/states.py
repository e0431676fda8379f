"""Random states for tests of the residual network."""

from __future__ import annotations

import torch


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_states(count: int, size: int, rng: torch.Generator) -> torch.Tensor:
    """Return density matrices (count, size, size), complex128, of full rank."""
    parts = torch.randn(2, count, size, size, generator=rng, dtype=torch.float64)
    matrix = torch.complex(parts[0], parts[1])
    states = matrix @ matrix.mH
    return states / states.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None]


def as_features(states: torch.Tensor) -> torch.Tensor:
    """Return the real and imaginary parts (B, 2 N^2) of states (B, N, N)."""
    return torch.stack([states.real, states.imag], 1).flatten(1)


def random_vectors(count: int, size: int, rng: torch.Generator) -> torch.Tensor:
    vectors = torch.rand(count, size, generator=rng, dtype=torch.float64)
    return vectors / vectors.sum(-1, keepdim=True)
