"""Distributions of a block's outcomes: ideal, under noise, and from a finite number of copies.

An outcome is the ancilla's bit, the most significant, followed by those of the data qubits.
"""

from __future__ import annotations

import numpy as np
import torch


def coherent_part(coherences: torch.Tensor, isometries: torch.Tensor) -> torch.Tensor:
    """Return what coherences (B, N, N), a state without its diagonal, add to the distributions: (B, ..., M).

    ``isometries`` are (..., M, N), with M = 2N outcomes, or M = N where those with the ancilla in 1 are left out.
    """
    rows = isometries.reshape(-1, isometries.shape[-1])  # (R, N)
    values = ((rows @ coherences) * rows.conj()).sum(-1).real  # (B, R)
    return values.reshape(len(coherences), *isometries.shape[:-1])


def depolarised(distribution: torch.Tensor, probability: float) -> torch.Tensor:
    """Return outcomes (..., 2N) after the whole register became maximally mixed with ``probability``.

    A depolarising channel on all qubits commutes with every unitary: it is the same before, in or after it.
    """
    return (1 - probability) * distribution + probability / distribution.shape[-1]


def misread(distribution: torch.Tensor, flip: float) -> torch.Tensor:
    """Return outcomes (..., 2^m) where each of the m bits is read wrongly with probability ``flip``."""
    size = distribution.shape[-1]
    found, bit = distribution, 1
    while bit < size:
        found = (1 - flip) * found + flip * found[..., torch.arange(size) ^ bit]
        bit *= 2
    return found


def drawn(distribution: torch.Tensor, shots: int, rng: np.random.Generator) -> torch.Tensor:
    """Return the shares (..., M) of ``shots`` independent outcomes."""
    exact = distribution.double().clamp(min=0)
    counts = rng.multinomial(shots, (exact / exact.sum(-1, keepdim=True)).numpy())
    return torch.from_numpy(counts / shots).to(distribution.dtype)


def copies(n_blocks: int, shots: int) -> int:
    """Return the copies of an input state that ``n_blocks`` blocks take at ``shots`` per sign: 4 shots for each.

    Two signs are measured, and what is measured cannot be mixed onward, so that as many copies are kept.
    """
    return 4 * shots * n_blocks
