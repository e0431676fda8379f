"""From the diagonal of the last state to logits."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from qlab.errors import OptionError
from qlab.heads.head import linear

Readout = Literal["linear", "groups"]
_SMALLEST = 1e-6


class LinearReadout(nn.Module):
    """A linear layer on N times the diagonal, which is 1 everywhere for the maximally mixed state."""

    def __init__(self, size: int, n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layer = linear(size, n_classes, generator)

    def forward(self, diagonal: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of diagonals (B, N)."""
        logits: torch.Tensor = self.layer(diagonal.shape[-1] * diagonal)
        return logits


class GroupReadout(nn.Module):
    """The logarithm of the probability of each class's group of outcomes; what is left over belongs to none.

    Raises:
        OptionError: there are more classes than outcomes.
    """

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        if n_classes > size:
            raise OptionError(
                f"head.readout=groups needs an outcome per class, but there are {n_classes} classes and {size} outcomes"
            )
        self.n_classes, self.each = n_classes, size // n_classes

    def forward(self, diagonal: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of diagonals (B, N)."""
        groups = diagonal[:, : self.n_classes * self.each].unflatten(1, (self.n_classes, self.each)).sum(-1)
        return torch.log(groups + _SMALLEST)
