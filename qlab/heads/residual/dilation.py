"""Unitaries of a block: those that hold a contraction in their corner, and those that are trained freely."""

from __future__ import annotations

import torch


def halmos(contraction: torch.Tensor) -> torch.Tensor:
    """Return the unitary (..., 2N, 2N) with the contraction (..., N, N) where the ancilla goes from 0 to 0.

    From A = X S Y* and C = sqrt(1 - S^2) it is ((A, X C X*), (Y C Y*, -A*)); * is the conjugate transpose.
    """
    left, values, right = torch.linalg.svd(contraction)  # right is Y*
    rest = (1 - values**2).clamp(min=0).sqrt().to(contraction.dtype)  # (..., N)
    beside = left * rest[..., None, :] @ left.mH
    below = right.mH * rest[..., None, :] @ right
    upper = torch.cat([contraction, beside], -1)
    lower = torch.cat([below, -contraction.mH], -1)
    return torch.cat([upper, lower], -2)


def exponential(entries: torch.Tensor) -> torch.Tensor:
    """Return exp(i H) for the Hermitian H = (R + R^T)/2 + i (R - R^T)/2 of real entries R (..., M, M).

    R has as many entries as H has degrees of freedom.
    """
    hermitian = torch.complex((entries + entries.mT) / 2, (entries - entries.mT) / 2)
    unitary: torch.Tensor = torch.linalg.matrix_exp(1j * hermitian)
    return unitary


def isometry(unitary: torch.Tensor) -> torch.Tensor:
    """Return the columns (..., 2N, N) of a unitary (..., 2N, 2N) that an ancilla in 0 sees."""
    return unitary[..., :, : unitary.shape[-1] // 2]
