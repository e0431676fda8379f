"""One linear layer: the least that a quantum head must beat."""

from __future__ import annotations

import torch

from qlab.backends.base import Backend
from qlab.heads.head import Head, linear


class Linear(Head):
    """Logits = W z + b."""

    def __init__(self, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator) -> None:
        super().__init__()
        self.layer = linear(n_features, n_classes, generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        logits: torch.Tensor = self.layer(features)
        return logits
