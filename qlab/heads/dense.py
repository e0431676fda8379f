"""The classical head of arXiv:2509.13353."""

from __future__ import annotations

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.encoders.trainable import require_statistics
from qlab.heads.head import Head, linear


class Dense(Head):
    """A linear layer, batch normalisation, ReLU and dropout, and a linear layer to the logits.

    Args:
        n_features: of an example.
        n_classes: of the task.
        backend: not used.
        generator: draws the first weights.
        hidden: width of the hidden layer.
        dropout: probability with which a hidden value is 0 in training.

    Raises:
        OptionError: it is trained on a batch of one example, which has no statistics.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        hidden: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            linear(n_features, hidden, generator),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            linear(hidden, n_classes, generator),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        require_statistics(self, features)
        logits: torch.Tensor = self.layers(features)
        return logits
