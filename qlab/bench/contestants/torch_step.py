"""The training step of whatever is a function in PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

from qlab.bench.contestants.base import Task


class TorchStep(ABC):
    """Calls a differentiable function and its backward pass, on the whole batch or on one part after the other."""

    DTYPE = torch.float32

    def __init__(self, task: Task) -> None:
        torch.set_num_threads(task.threads)
        firsts = range(0, task.problem.batch, task.split)
        self._parts = [slice(first, first + task.split) for first in firsts]
        self._sets = [
            (
                torch.tensor(numbers.inputs, dtype=self.DTYPE, requires_grad=task.problem.input_gradients),
                torch.tensor(numbers.weights, dtype=self.DTYPE, requires_grad=True),
                torch.tensor(numbers.direction, dtype=self.DTYPE),
            )
            for numbers in task.numbers
        ]

    @abstractmethod
    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K) of inputs (B, n) and weights (n_weights,)."""

    def step(self, turn: int) -> tuple[torch.Tensor, ...]:
        """Return values and gradients; see ``Contestant``."""
        inputs, weights, direction = self._sets[turn]
        inputs.grad = weights.grad = None
        found = []
        for part in self._parts:
            values = self.values(inputs[part], weights)
            values.backward(direction[part])
            found.append(values.detach())
        gradients = [tensor.grad for tensor in (weights, inputs) if tensor.grad is not None]
        return torch.cat(found), *gradients

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        with torch.no_grad():
            for part in self._parts:
                self.values(inputs.detach()[part], weights.detach())
