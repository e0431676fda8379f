"""From the scores of a block to the distribution that is mixed into its state."""

from __future__ import annotations

from typing import Literal

import torch

Activation = Literal["relu", "softmax", "sigmoid"]


def normalised(scores: torch.Tensor, activation: Activation, sharpness: float) -> torch.Tensor:
    """Return y_j = f(z_j) / sum_i f(z_i) for scores z (..., N): a distribution over the N outcomes.

    f is max(z, 0), exp(sharpness z) or the logistic function of sharpness z. Where every f(z) is 0, which only max can
    give, y is uniform.
    """
    if activation == "softmax":
        return torch.softmax(sharpness * scores, dim=-1)
    values = torch.relu(scores) if activation == "relu" else torch.sigmoid(sharpness * scores)
    total = values.sum(-1, keepdim=True)
    is_dead = total == 0
    return torch.where(is_dead, 1 / scores.shape[-1], values / torch.where(is_dead, 1.0, total))
