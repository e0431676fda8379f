"""The process of one contestant: reads requests and writes answers, one JSON document per line.

It runs under the interpreter that has the contestant's library, which may lack everything else that qlab needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np

from qlab.bench import memory
from qlab.bench.contestants.base import Contestant, Sampler, Task
from qlab.bench.problem import Numbers, Problem
from qlab.process import end_with

_WARM_BELOW = 0.1  # of a turn: shorter steps are run once before they are timed


class Worker:
    """Builds one contestant and times it, a turn at a time."""

    def __init__(self) -> None:
        self._make: Callable[[Task], Contestant] | None = None
        self._contestant: Contestant | None = None
        self._sets = 1
        self._before: int | None = None
        self._peak = 0
        self._longest: dict[str, float] = {}
        self._clock = time.perf_counter

    def answer(self, request: dict[str, Any]) -> Any:
        """Do what ``request["do"]`` says and return what JSON can hold."""
        return getattr(self, f"_{request.pop('do')}")(**request)

    def _load(self, factory: str, packages: list[str]) -> dict[str, str]:
        """Import the contestant's library and return the versions of packages."""
        module, name = factory.split(":")
        self._make = getattr(import_module(module), name)
        return {package: version(package) for package in packages}

    def _build(
        self, problem: dict[str, Any], numbers: list[dict[str, Any]], threads: int, split: int, core: int | None
    ) -> dict[str, Any]:
        """Build and compile, run the first step, and return its numbers and the seconds until they were there."""
        assert self._make is not None
        if core is not None:
            _pin(core)
        task = Task(Problem(**problem), [Numbers.from_json(each) for each in numbers], threads, split)
        self._sets = len(task.numbers)
        # One thread's processor time is its time on a quiet machine; by the clock on the wall, a busy one would be
        # unfair to those whose steps are long enough to be interrupted.
        self._clock = time.process_time if threads == 1 else time.perf_counter
        small = replace(task.problem, n_qubits=2, n_layers=1)
        warm = self._make(replace(task, problem=small, numbers=[small.numbers(0)]))
        warm.step(0)  # libraries load their parts and compile their kernels when these are first used
        warm.evaluate(0)
        del warm
        started = self._clock()
        self._contestant = self._make(task)
        built = self._clock() - started
        memory.release()
        self._before = memory.resident()
        self._watch()
        started = self._clock()
        found = self._contestant.step(0)
        first = self._clock() - started
        self._notice()
        self._longest["step"] = first
        return {"seconds": built + first, "found": [np.asarray(each, np.float64).tolist() for each in found]}

    def _steps(self, seconds: float) -> list[float]:
        """Return the seconds of each step of one turn."""
        assert self._contestant is not None
        self._watch()
        found = self._turn("step", self._contestant.step, seconds)
        self._notice()
        return found

    def _evaluations(self, seconds: float) -> list[float]:
        """Return the seconds of each evaluation of one turn."""
        assert self._contestant is not None
        return self._turn("evaluate", self._contestant.evaluate, seconds)

    def _memory(self) -> float | None:
        """Return by how many MiB the process grew in its steps; None where that cannot be told."""
        return None if self._before is None or not self._peak else (self._peak - self._before) / 2**20

    def _squared_error(self) -> float:
        """Return the mean squared standard error of what a sampling contestant has found in its steps."""
        return float(cast("Sampler", self._contestant).squared_error)

    def _turn(self, name: str, run: Callable[[int], Any], seconds: float) -> list[float]:
        """Run as often as ``seconds`` allow, at least once."""
        if self._longest.get(name, 0.0) < _WARM_BELOW * seconds:
            run(0)
        found: list[float] = []
        ends = time.perf_counter() + seconds
        while not found or time.perf_counter() + found[-1] < ends:
            turn = len(found) % self._sets
            started = self._clock()
            run(turn)
            found.append(self._clock() - started)
        self._longest[name] = max(found)
        return found

    def _watch(self) -> None:
        if not memory.forget_peak():
            self._before = None

    def _notice(self) -> None:
        self._peak = max(self._peak, memory.peak() or 0)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer until there are no more requests."""
    worker = Worker()
    for line in requests:
        try:
            answer = {"answer": worker.answer(json.loads(line))}
        except Exception as error:  # whatever a library raises is its result
            answer = {"error": " ".join(f"{type(error).__name__}: {error}".split())}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> None:
    """Serve on the standard streams; what libraries print goes to standard error."""
    end_with(os.getppid())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


def _pin(core: int) -> None:
    """Keep every thread of this process on one processor, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(int(thread.name), {core})


if __name__ == "__main__":
    main()
