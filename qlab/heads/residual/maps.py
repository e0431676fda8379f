"""The map of one block on states, its classical analog, and what a chain of blocks makes of a state in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qlab.heads.residual.activation import Activation, normalised


def scores(states: torch.Tensor, plus: torch.Tensor, minus: torch.Tensor) -> torch.Tensor:
    """Return z_j = Pr+(ancilla 0, data j) - Pr-(ancilla 0, data j), (B, N), for states (B, N, N).

    ``plus`` and ``minus`` are the unitaries (2N, 2N) of a block; the ancilla, the most significant bit, starts in 0.
    """
    size = states.shape[-1]
    padded = torch.nn.functional.pad(states, (0, size, 0, size))  # the ancilla in 0
    signed = [(unitary @ padded @ unitary.mH).diagonal(dim1=-2, dim2=-1).real for unitary in (plus, minus)]
    return (signed[0] - signed[1])[:, :size]


def block(
    states: torch.Tensor,
    plus: torch.Tensor,
    minus: torch.Tensor,
    alpha: float,
    activation: Activation,
    sharpness: float,
    scale: float = 1.0,
) -> torch.Tensor:
    """Return (1 - alpha) rho + alpha sum_j y_j |j><j| for states rho (B, N, N), y the normalised ``scale`` z."""
    found = normalised(scale * scores(states, plus, minus), activation, sharpness)
    return (1 - alpha) * states + alpha * torch.diag_embed(found).to(states.dtype)


def classical_block(
    vectors: torch.Tensor, weights: torch.Tensor, alpha: float, activation: Activation, sharpness: float
) -> torch.Tensor:
    """Return (1 - alpha) x + alpha y for probability vectors x (B, N), y the normalised W x: the classical analog."""
    return (1 - alpha) * vectors + alpha * normalised(vectors @ weights.mT, activation, sharpness)


def closed_form(state: torch.Tensor, mixed: Sequence[torch.Tensor], alpha: float) -> torch.Tensor:
    """Return the states (B, N, N) after blocks that mixed in distributions y_l (B, N), from those before the first.

    rho_K = (1 - alpha)^K rho_0 + alpha sum_l (1 - alpha)^(K-1-l) diag(y_l): coherences are those of the first state,
    and shrink with every block.
    """
    depth = len(mixed)
    found = (1 - alpha) ** depth * state
    for place, distribution in enumerate(mixed):
        share = alpha * (1 - alpha) ** (depth - 1 - place)
        found = found + share * torch.diag_embed(distribution).to(state.dtype)
    return found
