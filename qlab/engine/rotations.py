"""Rotations of one qubit as unit quaternions q: the matrix q_0 - i (q_1 X + q_2 Y + q_3 Z).

Four real numbers make merged rotations cheap to build and to differentiate. All of it is ordinary PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

# (4, 4, 4): basis quaternion i times basis quaternion j is sum_k _HAMILTON[i, j, k] of basis quaternion k
_PAULI = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_BASIS = _PAULI * np.array([1, -1j, -1j, -1j])[:, None, None]  # (4, 2, 2): 1, -iX, -iY, -iZ
_HAMILTON = np.einsum("iab,jbc,kac->ijk", _BASIS, _BASIS, _BASIS.conj()).real / 2


def quaternions(angles: torch.Tensor, axes: torch.Tensor) -> torch.Tensor:
    """Return exp(-i angle/2 axis.sigma) (A, C, 4) for angles (A, C) in radians and unit axes (A, 3)."""
    half = angles[..., None] / 2
    return torch.cat([half.cos(), half.sin() * axes[:, None, :]], dim=-1)


def compose(rotations: torch.Tensor) -> torch.Tensor:
    """Return the product of M rotations, the first executed first: (R, M, C, 4) -> (R, C, 4); M is a power of two."""
    table = torch.as_tensor(_HAMILTON, dtype=rotations.dtype, device=rotations.device).reshape(16, 4)
    while rotations.shape[1] > 1:
        later, earlier = rotations[:, 1::2], rotations[:, 0::2]
        pairs = later[..., :, None] * earlier[..., None, :]  # (R, M/2, C, 4, 4)
        rotations = pairs.flatten(-2) @ table
    return rotations[:, 0]


def basis(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return the matrices of the four basis quaternions: (4, 2, 2) complex."""
    return torch.as_tensor(_BASIS, dtype=dtype, device=device)


def kron(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Kronecker product of k matrices (S, 2, 2): (S, 2^k, 2^k), the first on the most significant bit."""
    product = factors[0]
    for factor in factors[1:]:
        size = 2 * product.shape[-1]
        product = (product[:, :, None, :, None] * factor[:, None, :, None, :]).reshape(-1, size, size)
    return product


def padded_runs(runs: Sequence[Sequence[int]], identity: int) -> list[list[int]]:
    """Return runs of element numbers, all of the same power of two in length, filled up with ``identity``."""
    longest = max((len(run) for run in runs), default=1)
    length = 1 << (longest - 1).bit_length()
    return [[*run, *[identity] * (length - len(run))] for run in runs]
