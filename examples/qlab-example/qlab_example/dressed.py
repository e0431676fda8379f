"""A dressed quantum circuit: linear layer, circuit, linear layer."""

from __future__ import annotations

import math

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.circuits import variational
from qlab.heads.head import Head, linear


class Dressed(Head):
    """Logits W2 <Z>(pi/2 tanh(W1 x + b1)) + b2 of arXiv:1912.08283, with a ring of CNOTs in every layer.

    Args:
        n_features: width of the features.
        n_classes: width of the logits.
        backend: executes the circuit.
        generator: draws the first weights.
        n_qubits: qubits, whatever the number of features.
        n_layers: trainable layers, one RX for each qubit and layer.
    """

    trains_inputs = True  # by gradients that go through the circuit's angles

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        n_qubits: int = 4,
        n_layers: int = 3,
    ) -> None:
        super().__init__()
        self.backend = backend
        self.circuit = variational(n_qubits, n_layers, "angle", "basic_entangler")
        self.before = linear(n_features, n_qubits, generator)
        self.weights = nn.Parameter(0.1 * torch.randn(self.circuit.n_weights, generator=generator))
        self.after = linear(n_qubits, n_classes, generator)

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the angles of the circuit."""
        return [self.weights]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        assert self.circuit is not None
        angles = math.pi / 2 * torch.tanh(self.before(features))  # (B, n_qubits), radians
        expectations = self.backend.expectations(self.circuit, angles, self.weights)  # (B, n_qubits)
        logits: torch.Tensor = self.after(expectations.to(features.dtype))
        return logits
