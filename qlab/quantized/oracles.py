"""Oracles of a group of samples: the best weights for the group's loss plus a linear function of the weight bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qlab.errors import CapabilityError
from qlab.quantized.counts import DEFAULT_MEMORY
from qlab.quantized.descent import descend
from qlab.quantized.intervals import Integers
from qlab.quantized.network import MOST_ENUMERATED, Bits, settings
from qlab.quantized.problem import Problem
from qlab.quantized.qcbo import Qcbo, build
from qlab.quantized.solvers.base import Solver
from qlab.quantized.spline import Floats


class GroupOracle(Protocol):
    """Minimises loss_g(b) + prices . b over weight bits b, for each group g of samples."""

    @property
    def model_bits(self) -> int:
        """Return the bits of the largest model that a solver is given; 0 where there is none."""

    def solve(self, group: int, prices: Floats, generator: np.random.Generator) -> Bits:
        """Return weight bits (n_free,) for ``prices`` (n_free,)."""


class Enumerated:
    """Goes through all settings of the weights by the forward pass; the same as an exact solver of the model.

    Args:
        problem: to be learned.
        groups: samples of each group.
        noise: standard deviation of what is added to the energy of every setting, anew in every call.

    Raises:
        CapabilityError: more than 24 bits are trained.
    """

    model_bits = 0

    def __init__(self, problem: Problem, groups: Sequence[Integers], noise: float = 0.0) -> None:
        n_free = len(problem.free)
        if n_free > MOST_ENUMERATED:
            raise CapabilityError(
                f"all settings of {n_free} weight bits are too many to go through, at most {MOST_ENUMERATED}: "
                "use another solver"
            )
        blocks = list(settings(n_free, len(problem.inputs) * max(problem.network.widths)))
        losses = np.concatenate([problem.losses(bits) for bits in blocks])  # (2^n_free, M)
        self._bits = np.concatenate(blocks)
        self._losses = np.stack([losses[:, group].sum(axis=1) for group in groups])  # (G, 2^n_free)
        self._noise = noise

    def solve(self, group: int, prices: Floats, generator: np.random.Generator) -> Bits:
        """Return the best setting; which of equals is a matter of chance."""
        energies = self._losses[group] + self._bits @ prices
        if self._noise:
            energies = energies + self._noise * generator.standard_normal(len(energies))
        best = np.flatnonzero(energies <= energies.min() + 1e-9)
        return np.asarray(self._bits[generator.choice(best)])


@dataclass(frozen=True, eq=False)
class BySolver:
    """Gives the group's model, constraints weighed by a fixed penalty, to a solver.

    Of the answers the one is taken whose weights are best by the forward pass of the network: what the solver made
    of the other bits does not matter.

    Attributes:
        problems: of each group.
        models: of each group.
        solver: the oracle.
        reads: of each call.
        penalty: weight of the constraints.
    """

    problems: tuple[Problem, ...]
    models: tuple[Qcbo, ...]
    solver: Solver
    reads: int
    penalty: float

    @staticmethod
    def of(
        problem: Problem,
        groups: Sequence[Integers],
        solver: Solver,
        reads: int,
        penalty: float,
        memory: int = DEFAULT_MEMORY,
    ) -> BySolver:
        """Build the models; raises ``CapabilityError`` where that of a group takes too much memory."""
        problems = tuple(problem.samples(group) for group in groups)
        models = tuple(build(part.network, part.inputs, part.targets, part.fixed, memory) for part in problems)
        return BySolver(problems, models, solver, reads, penalty)

    @property
    def model_bits(self) -> int:
        """Return the bits of the largest model."""
        return max(model.n_bits for model in self.models)

    def solve(self, group: int, prices: Floats, generator: np.random.Generator) -> Bits:
        """Return the best weights among the answers."""
        model = self.models[group]
        answers = self.solver.solve(model.bqm(self.penalty, np.diag(prices)), self.reads, generator)
        bits = answers.bits[:, : model.n_weight_bits]
        energies = self.problems[group].losses(bits).sum(axis=1) + bits @ prices
        return np.asarray(bits[np.argmin(energies)])


class BySearch:
    """Descends over the weight bits by the forward pass, without a model, from where the prices point to.

    Args:
        problem: to be learned.
        groups: samples of each group.
        starts: descents of each call, all but the first from settings by chance.
    """

    model_bits = 0

    def __init__(self, problem: Problem, groups: Sequence[Integers], starts: int = 2) -> None:
        self._problems = tuple(problem.samples(group) for group in groups)
        self._starts = starts

    def solve(self, group: int, prices: Floats, generator: np.random.Generator) -> Bits:
        """Return the best weights of all descents."""
        part = self._problems[group]

        def energy(bits: Bits) -> Floats:
            return np.asarray(part.losses(bits).sum(axis=1) + bits @ prices)

        first = (prices < 0).astype(np.uint8)
        others = generator.integers(0, 2, (self._starts - 1, len(prices)), dtype=np.uint8)
        found = [descend(energy, start, generator) for start in (first, *others)]
        return min(found, key=lambda pair: pair[1])[0]
