"""Training without a model: descent on the bits, and settings by chance."""

from __future__ import annotations

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.descent import descend
from qlab.quantized.network import Bits
from qlab.quantized.problem import Outcome, Problem, Recorder
from qlab.quantized.spline import Floats


def coordinate_descent(problem: Problem, generator: np.random.Generator, *, starts: int = 20) -> Outcome:
    """Train by descents over single bits from settings by chance; one descent counts as one call.

    Raises:
        OptionError: no start.
    """
    _positive("starts", starts)
    recorder = Recorder(problem)

    def energy(bits: Bits) -> Floats:
        return np.asarray(problem.losses(bits).sum(axis=1))

    for _ in range(starts):
        start = generator.integers(0, 2, len(problem.free), dtype=np.uint8)
        found, loss = descend(energy, start, generator)
        recorder.calls += 1
        recorder.consider(found[None])
        recorder.step(0.0, loss)
    return recorder.outcome(0)


def random_search(problem: Problem, generator: np.random.Generator, *, calls: int = 60) -> Outcome:
    """Train by the best of ``calls`` settings by chance.

    Raises:
        OptionError: no call.
    """
    _positive("calls", calls)
    recorder = Recorder(problem)
    for _ in range(calls):
        recorder.calls += 1
        loss = recorder.consider(generator.integers(0, 2, (1, len(problem.free)), dtype=np.uint8))[0]
        recorder.step(0.0, float(loss))
    return recorder.outcome(0)


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise OptionError(f"{name} must be at least 1, not {value}")
