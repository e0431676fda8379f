"""Features as states: a probability vector, or the real and imaginary parts of a density matrix."""

from __future__ import annotations

import math
from typing import Literal

import torch

from qlab.errors import OptionError

Inputs = Literal["density", "probabilities"]
_TOLERANCE = 1e-3


def dimension(n_features: int, inputs: Inputs) -> int:
    """Return the dimension N of the states that ``n_features`` describe, a power of two.

    Raises:
        OptionError: they are no density matrix, whose features are 2 N^2.
    """
    if inputs == "probabilities":
        return 1 << max(1, (n_features - 1).bit_length())
    size = math.isqrt(n_features // 2)
    if 2 * size**2 != n_features or size < 2 or size & (size - 1):
        raise OptionError(
            f"head.inputs=density takes the real and imaginary parts of a density matrix of qubits, 8, 32, 128, ... "
            f"features, not {n_features}; set encoder=identity for a dataset of states, or head.inputs=probabilities"
        )
    return size


def random_features(count: int, n_features: int, inputs: Inputs, generator: torch.Generator) -> torch.Tensor:
    """Return features (count, n_features) that are states: random probabilities, or density matrices of full rank."""
    if inputs == "probabilities":
        return torch.rand(count, n_features, generator=generator)
    size = dimension(n_features, inputs)
    parts = torch.randn(count, 2, size, size, generator=generator)
    matrices = torch.complex(parts[:, 0], parts[:, 1])
    products = matrices @ matrices.mH
    states = products / products.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None]
    return torch.stack([states.real, states.imag], 1).flatten(1)


def diagonal_and_coherences(
    features: torch.Tensor, inputs: Inputs, size: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the diagonals (B, N) of the states that features (B, n_features) describe, and the rest (B, N, N).

    Probabilities are divided by their sum; features that are all 0 stand for the uniform distribution. They have no
    coherences.

    Raises:
        OptionError: a probability is negative, or a density matrix has no unit trace.
    """
    if inputs == "density":
        parts = features.reshape(len(features), 2, size, size)
        return _of_density(torch.complex(parts[:, 0], parts[:, 1]))
    if bool((features < 0).any()):
        raise OptionError("head.inputs=probabilities takes features that are not negative: set encoder=block_means")
    padded = torch.nn.functional.pad(features, (0, size - features.shape[1]))
    total = padded.sum(-1, keepdim=True)
    uniform = torch.full_like(padded, 1 / size)
    return torch.where(total > 0, padded / torch.where(total > 0, total, 1.0), uniform), None


def _of_density(states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    diagonal = states.diagonal(dim1=-2, dim2=-1)  # (B, N)
    if bool(((diagonal.sum(-1) - 1).abs() > _TOLERANCE).any()):
        raise OptionError("head.inputs=density takes density matrices, but the trace of one is not 1")
    return diagonal.real, states - torch.diag_embed(diagonal)
