"""What steps under noise return: exact values, or means of trajectories."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from qlab.bench.problem import Array, Problem


def exact(problem: Problem, values: Array) -> tuple[Array, ...]:
    """Return what a step of an exact contestant returns: where others sample, standard errors of 0 besides."""
    return (values, np.zeros_like(values)) if problem.sampled else (values,)


class SamplingStep(ABC):
    """Estimates with other random numbers in each step and keeps account of how exact it is."""

    def __init__(self) -> None:
        self._steps, self._sum = 0, 0.0

    @abstractmethod
    def estimate(self, turn: int, seed: int) -> tuple[Array, Array]:
        """Return values (B, K) on set ``turn`` and their standard errors (B, K)."""

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and standard errors; see ``Sampler``."""
        self._steps += 1
        values, errors = self.estimate(turn, self._steps)
        self._sum += float(np.square(errors).mean())
        return values, errors

    def evaluate(self, turn: int) -> None:
        """Estimate once more: a step has no more than that to do."""
        self.step(turn)

    @property
    def squared_error(self) -> float:
        """The mean squared standard error of all values of all steps so far."""
        return self._sum / self._steps
