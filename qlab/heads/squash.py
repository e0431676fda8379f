"""From features to angles."""

from __future__ import annotations

from typing import Literal

import torch

Squash = Literal["sigmoid", "tanh", "none"]


def angles(features: torch.Tensor, squash: Squash, scale: float) -> torch.Tensor:
    """Return angles in radians, ``scale`` times the squashed features, of any shape."""
    if squash == "none":
        return scale * features
    return scale * (torch.sigmoid if squash == "sigmoid" else torch.tanh)(features)
