"""Contestants of no library, quick to start: right, wrong, and failing in every way."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np

from qlab.bench.catalogue import QLAB, Entry
from qlab.bench.contestants.base import Task


class Right:
    """Values cos(x_k) sum(w), whose gradients are known."""

    SECONDS = 0.0

    def __init__(self, task: Task) -> None:
        self.task = task

    def step(self, turn: int) -> tuple[Any, ...]:
        time.sleep(self.SECONDS)
        numbers, measured = self.task.numbers[turn], self.task.problem.n_measured
        cosines = np.cos(numbers.inputs[:, :measured])
        by_weights = np.full_like(numbers.weights, (numbers.direction * cosines).sum())
        return cosines * numbers.weights.sum(), by_weights

    def evaluate(self, turn: int) -> None:
        self.step(turn)


class Slow(Right):
    SECONDS = 0.02


class WrongValues(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        values, by_weights = super().step(turn)
        return values + 1e-3, by_weights


class WrongGradient(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        values, by_weights = super().step(turn)
        return values, by_weights * 1.001


class NotANumber(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        values, by_weights = super().step(turn)
        return values * np.nan, by_weights


class WithoutGradient(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        return super().step(turn)[:1]


class Raising(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        raise ValueError("no such\ngate")


class Crashing(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        print("on the way down", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError("unreachable")


class CrashingLater(Right):
    """Passes the check and dies in its first turn."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.steps = 0

    def step(self, turn: int) -> tuple[Any, ...]:
        self.steps += 1
        if self.steps > 1:
            os._exit(3)
        return super().step(turn)


class Stuck(Right):
    def step(self, turn: int) -> tuple[Any, ...]:
        time.sleep(600)
        raise AssertionError("unreachable")


class Large(Right):
    """Takes 64 MiB in each step and gives them back."""

    def step(self, turn: int) -> tuple[Any, ...]:
        np.ones(64 << 17)
        return super().step(turn)


def entry(kind: type[Right], name: str | None = None, family: str = "peers", **more: Any) -> Entry:
    """Return the entry of a stand-in."""
    return Entry(name or kind.__name__, f"{__name__}:{kind.__name__}", "numpy", ("numpy",), family, **more)


OWN = entry(Right, QLAB.name, QLAB.family)
