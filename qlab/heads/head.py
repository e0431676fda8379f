"""The contract of a head."""

from __future__ import annotations

import torch
from torch import nn

from qlab.circuits import Circuit


class Head(nn.Module):
    """A module from features (B, n_features) to logits (B, n_classes).

    It is constructed as ``Head(n_features, n_classes, backend, generator, **options)``: the backend executes its
    circuit, the generator draws its first weights, so that the same seed gives the same weights.

    Attributes:
        circuit: what a quantum head executes for every example; None for a classical head.
    """

    circuit: Circuit | None = None

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that are angles of the circuit."""
        return []

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes)."""
        raise NotImplementedError


class Projected(Head):
    """A trainable linear map in front of a head, as in the code that the LEGO paper's authors published."""

    def __init__(self, n_inputs: int, n_features: int, head: Head, generator: torch.Generator) -> None:
        super().__init__()
        self.projection = linear(n_inputs, n_features, generator)
        self.head = head
        self.circuit = head.circuit

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the angles of the head's circuit."""
        return self.head.quantum_parameters()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_inputs)."""
        logits: torch.Tensor = self.head(self.projection(features))
        return logits


def linear(n_inputs: int, n_outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """Return a linear layer with PyTorch's default distribution of first weights, drawn from ``generator``."""
    layer = nn.Linear(n_inputs, n_outputs, bias=bias)
    bound = n_inputs**-0.5
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer
