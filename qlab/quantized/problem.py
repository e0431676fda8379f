"""What is to be learned, and the record of learning it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.intervals import Integers
from qlab.quantized.network import Bits, QuantizedNetwork
from qlab.quantized.spline import Floats


@dataclass(frozen=True, eq=False)
class Problem:
    """A network with the samples it is to learn.

    Attributes:
        network: to be trained.
        inputs: (M, n_inputs), integers on the grid of its inputs.
        targets: (M, n_outputs), -1 or 1.
        fixed: bits of the network that are not trained, with their values.
    """

    network: QuantizedNetwork
    inputs: Integers
    targets: Integers
    fixed: Mapping[int, int] = field(default_factory=dict)

    @property
    def free(self) -> tuple[int, ...]:
        """Return the bits that are trained."""
        return tuple(index for index in range(self.network.n_bits) if index not in self.fixed)

    def whole(self, free_bits: Bits) -> Bits:
        """Return all bits (S, n_bits) of the network for those that are trained (S, n_free)."""
        bits = np.zeros((len(free_bits), self.network.n_bits), dtype=np.uint8)
        bits[:, list(self.free)] = free_bits
        for index, value in self.fixed.items():
            bits[:, index] = value
        return bits

    def losses(self, free_bits: Bits) -> Floats:
        """Return the loss (S, M) of every sample for settings (S, n_free), by the forward pass of the network."""
        return self.network.losses(self.whole(free_bits), self.inputs, self.targets)

    def samples(self, chosen: Integers) -> Problem:
        """Return the problem of some samples only."""
        return Problem(self.network, self.inputs[chosen], self.targets[chosen], self.fixed)


@dataclass(frozen=True)
class Step:
    """One line of a trace.

    Attributes:
        calls: of the oracle so far; one call is one model given to a solver, whatever its reads.
        seconds: since the start.
        residual: how far the method's own solution is from satisfying its constraints; 0 where it has none.
        objective: of the method's own solution.
        best_loss: the lowest loss over all samples of weights that were met so far.
    """

    calls: int
    seconds: float
    residual: float
    objective: float
    best_loss: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method has found.

    Attributes:
        bits: (n_free,), the weights of lowest loss that it has met.
        loss: their loss over all samples.
        model_bits: of the largest model that the oracle was given; 0 where no model was made.
        consensus: whether all groups came to agree; None for a method without groups.
        steps: the trace.
    """

    bits: Bits
    loss: float
    model_bits: int
    consensus: bool | None
    steps: tuple[Step, ...]

    def calls_to(self, loss: float) -> int | None:
        """Return after how many oracle calls weights with at most this loss were met; None if never."""
        return next((step.calls for step in self.steps if step.best_loss <= loss + 1e-9), None)


class Recorder:
    """Keeps the best weights that a method meets, its oracle calls, and its trace."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._started = time.perf_counter()
        self._steps: list[Step] = []
        self._best = np.zeros(len(problem.free), dtype=np.uint8)
        self.loss = math.inf
        self.calls = 0

    def consider(self, free_bits: Bits) -> Floats:
        """Put settings (S, n_free) through the forward pass of all samples; keep the best. Return their losses (S,)."""
        losses = self._problem.losses(free_bits).sum(axis=1)
        place = int(np.argmin(losses))
        if losses[place] < self.loss:
            self._best, self.loss = free_bits[place].copy(), float(losses[place])
        return np.asarray(losses)

    def step(self, residual: float, objective: float) -> None:
        """Write a line of the trace."""
        seconds = time.perf_counter() - self._started
        self._steps.append(Step(self.calls, seconds, residual, objective, self.loss))

    def outcome(self, model_bits: int, consensus: bool | None = None) -> Outcome:
        """Return what was found."""
        return Outcome(self._best, self.loss, model_bits, consensus, tuple(self._steps))


def time_to_solution(run: float, successes: int, runs: int, confidence: float = 0.99) -> float:
    """Return how long runs of ``run`` seconds (or calls) are repeated until one succeeds with this probability.

    TTS = run ln(1 - confidence) / ln(1 - p) with p = successes / runs, and never less than one run; infinite without a
    success.

    Raises:
        OptionError: the counts make no probability.
    """
    if not 0 <= successes <= runs or runs < 1:
        raise OptionError(f"{successes} successes of {runs} runs make no probability")
    if successes == 0:
        return math.inf
    if successes == runs:
        return run
    return max(run, run * math.log(1 - confidence) / math.log(1 - successes / runs))
