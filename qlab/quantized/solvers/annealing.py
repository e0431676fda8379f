"""Heuristics of dwave-samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dimod
import numpy as np

from qlab.quantized.solvers.base import Answers, of_samples


@dataclass(frozen=True)
class SimulatedAnnealing:
    """Metropolis sweeps while the temperature falls.

    The last temperature has to be far below the largest coefficient, which is one of a constraint: at a fiftieth of it
    what the objective says is still lost in heat.

    Attributes:
        sweeps: of each read.
        hottest: first temperature, as a multiple of the largest coefficient.
        coldest: last temperature, as a multiple of it.
    """

    sweeps: int = 150
    hottest: float = 0.1
    coldest: float = 1e-4

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return one bit string per read."""
        from dwave.samplers import SimulatedAnnealingSampler

        largest = _largest(model)
        return _sampled(
            SimulatedAnnealingSampler(),
            model,
            generator,
            num_reads=reads,
            num_sweeps=self.sweeps,
            beta_range=(1 / (self.hottest * largest), 1 / (self.coldest * largest)),
        )


@dataclass(frozen=True)
class Tabu:
    """Tabu search with restarts.

    Attributes:
        restarts: of each read.
    """

    restarts: int = 2

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return one bit string per read."""
        from dwave.samplers import TabuSampler

        # bounded by restarts, not by time: the same seed finds the same
        return _sampled(TabuSampler(), model, generator, num_reads=reads, num_restarts=self.restarts, timeout=_LONG_MS)


@dataclass(frozen=True)
class PathIntegral:
    """Simulated quantum annealing: path-integral Monte Carlo of spins in a falling transverse field.

    Attributes:
        sweeps: of each read.
    """

    sweeps: int = 150

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return one bit string per read."""
        from dwave.samplers import PathIntegralAnnealingSampler

        return _sampled(PathIntegralAnnealingSampler(), model, generator, num_reads=reads, num_sweeps=self.sweeps)


_LONG_MS = 60_000


def _sampled(
    sampler: Any, model: dimod.BinaryQuadraticModel, generator: np.random.Generator, **options: Any
) -> Answers:
    seed = int(generator.integers(1 << 31))
    return of_samples(sampler.sample(model, seed=seed, **options), model.num_variables)


def _largest(model: dimod.BinaryQuadraticModel) -> float:
    """Return the largest coefficient, or 1 where all are zero."""
    values = [*model.linear.values(), *model.quadratic.values()]
    return max((abs(value) for value in values), default=0.0) or 1.0
