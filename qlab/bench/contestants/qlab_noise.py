"""qlab's own simulators of noise."""

from __future__ import annotations

from typing import Any

import torch

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.sampling import SamplingStep
from qlab.bench.problem import Array
from qlab.engine import density, trajectories


class Density:
    """The exact simulator, in single precision."""

    DTYPE = torch.complex64

    def __init__(self, task: Task) -> None:
        torch.set_num_threads(task.threads)
        self._noisy, self._observables = task.problem.noisy(), task.problem.observables
        self._sets = tensors(task, self.DTYPE)

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values (B, K)."""
        with torch.no_grad():
            return (density.expectations(self._noisy, *self._sets[turn], self._observables, self.DTYPE),)

    def evaluate(self, turn: int) -> None:
        """Compute the values, which is all that a step does."""
        self.step(turn)


class DensityDouble(Density):
    """The same in double precision."""

    DTYPE = torch.complex128


class Trajectories(SamplingStep):
    """Trajectories in single precision, the one without errors being exact."""

    DTYPE = torch.complex64

    def __init__(self, task: Task) -> None:
        super().__init__()
        torch.set_num_threads(task.threads)
        self._problem, self._noisy = task.problem, task.problem.noisy()
        self._sets = tensors(task, self.DTYPE)

    def estimate(self, turn: int, seed: int) -> tuple[Array, Array]:
        """Return values (B, K) and their standard errors (B, K)."""
        with torch.no_grad():
            found = trajectories.estimate(
                self._noisy, *self._sets[turn], self._problem.observables, self.DTYPE,
                trajectories=self._problem.trajectories, seed=seed,
            )  # fmt: skip
        return found.values.double().numpy(), found.standard_errors.double().numpy()


def tensors(task: Task, dtype: torch.dtype) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return inputs (B, n) and weights (n_weights,) of each set, in the real type of ``dtype``."""
    return [
        (torch.tensor(numbers.inputs, dtype=dtype.to_real()), torch.tensor(numbers.weights, dtype=dtype.to_real()))
        for numbers in task.numbers
    ]
