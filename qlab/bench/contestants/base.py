"""The seam between a worker and the library that it times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qlab.bench.problem import Numbers, Problem


@dataclass(frozen=True)
class Task:
    """What a contestant is built for.

    Attributes:
        problem: the circuit and the batch.
        numbers: two sets; steps take them in turn, since no two steps of a training have the same.
        threads: processor threads to use.
        split: how many samples to work on at once; the batch where memory allows.
    """

    problem: Problem
    numbers: Sequence[Numbers]
    threads: int
    split: int


class Contestant(Protocol):
    """A circuit on a batch, ready to run: everything that is done once is done by the constructor."""

    def __init__(self, task: Task) -> None: ...

    def step(self, turn: int) -> tuple[Any, ...]:
        """Compute forward and backward on set ``turn``; return when it is done.

        Returns:
            values (B, K), gradients by weights (n_weights,) and, where wanted, by inputs (B, n), as arrays of the
            library's own.
        """
        ...

    def evaluate(self, turn: int) -> None:
        """Compute the values only, without preparing for gradients; return when it is done."""
        ...


class Sampler(Contestant, Protocol):
    """A contestant whose values are means of random ones; a step returns them and their standard errors (B, K)."""

    @property
    def squared_error(self) -> float:
        """The mean squared standard error of all values of all steps so far."""
        ...
