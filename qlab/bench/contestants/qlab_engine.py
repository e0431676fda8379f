"""qlab's own simulator: the path that it chooses by itself, and the PyTorch path."""

from __future__ import annotations

import torch

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.torch_step import TorchStep
from qlab.engine import expectations
from qlab.engine.choice import Method


class Engine(TorchStep):
    """``qlab.expectations`` in complex64."""

    METHOD: Method = "auto"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._circuit, self._observables = task.problem.circuit(), task.problem.observables

    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K)."""
        return expectations(self._circuit, inputs, weights, self._observables, torch.complex64, method=self.METHOD)


class TorchEngine(Engine):
    """The same with ``method="torch"``."""

    METHOD: Method = "torch"
