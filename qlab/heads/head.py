"""The contract of a head."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from qlab.circuits import Circuit
from qlab.encoders.trainable import drawn


class Head(nn.Module):
    """A module from features (B, n_features) to logits (B, n_classes).

    It is constructed as ``Head(n_features, n_classes, backend, generator, **options)``: the backend executes its
    circuit, the generator draws its first weights, so that the same seed gives the same weights.

    Attributes:
        circuit: what a quantum head executes for every example; None for a classical head.
        trains_inputs: whether something in front of the circuit is trained, by gradients with respect to its inputs.
        evaluation_batch: how many examples are evaluated at once where the logits of one depend on the others of its
            batch; None where they do not.
        copies: how many copies of its state the evaluation of an example takes; None where the circuit's executions
            are what is counted, or nothing is measured by shots.
    """

    circuit: Circuit | None = None
    trains_inputs: bool = False
    evaluation_batch: int | None = None
    copies: int | None = None

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of what is executed on qubits: angles of the circuit, where there is one."""
        return []

    def trial_features(self, size: int, n_features: int, generator: torch.Generator) -> torch.Tensor:
        """Return random features (size, n_features) that the head takes: to time it and to check it."""
        return torch.randn(size, n_features, generator=generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes)."""
        raise NotImplementedError


class Solved(Head):
    """A head that is not trained by gradients but set at once from all training examples."""

    def check(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Raise now, before anything is written, what ``solve`` would raise for the number of these examples."""

    def solve(self, features: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor | None) -> None:
        """Set the head from features (N, n_features) and labels (N,), classes weighed by ``class_weights`` (C,)."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Return what the record is to say of how it was solved, JSON-able."""
        return {}

    def trace(self) -> list[dict[str, Any]]:
        """Return the steps in which it was solved, a row each; none where it took no steps."""
        return []


class Staged(Head):
    """A head that is trained more than once: from several starts, each in stages that follow one another.

    Attributes:
        n_starts: trainings from different first weights; the one with the least training loss is kept.
        n_stages: trainings that make up one of them, each going on from the weights of the one before.
    """

    n_starts: int = 1
    n_stages: int = 1

    def begin(self, start: int, stage: int) -> None:
        """Set the weights that a stage (from 0) adds or starts from, and choose which are trained in it."""
        raise NotImplementedError


class Fronted(Head):
    """A head with a module in front of it that is trained together with it.

    Args:
        front: from inputs (B, n_inputs) to features (B, n_features).
        head: from those features to logits.
        evaluation_batch: the size of the batches to evaluate in; None if ``front`` sees every example by itself.
    """

    def __init__(self, front: nn.Module, head: Head, evaluation_batch: int | None = None) -> None:
        super().__init__()
        self.front = front
        self.head = head
        self.circuit = head.circuit
        self.trains_inputs = any(parameter.requires_grad for parameter in front.parameters())
        self.evaluation_batch = evaluation_batch

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the angles of the head's circuit."""
        return self.head.quantum_parameters()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of inputs (B, n_inputs)."""
        logits: torch.Tensor = self.head(self.front(features))
        return logits


def linear(n_inputs: int, n_outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """Return a linear layer with PyTorch's default distribution of first weights, drawn from ``generator``."""
    layer = nn.Linear(n_inputs, n_outputs, bias=bias)
    drawn(layer, generator)
    return layer
