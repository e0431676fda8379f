"""A service without a network, which does what a test says, and a process that dies where a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.providers import BackendV2
from qiskit_aer import AerSimulator

from qlab import arrays
from qlab.hardware import journal as journal_module
from qlab.hardware.journal import Journal
from qlab.hardware.program import Counts, Outcome, Program
from qlab.hardware.service import DeviceFacts, JobState, RunOptions
from tests.hardware.programs import rotations


class Killed(BaseException):
    """The process is dead: nothing catches this."""


class Bomb:
    """Kills at its n-th tick; ``None`` never does."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.ticks, self.places = at, 0, list[str]()

    def tick(self, place: str) -> None:
        self.places.append(place)
        self.ticks += 1
        if self.ticks - 1 == self.at:
            raise Killed(place)

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tick before and after everything that a journal writes."""
        append, write_arrays = Journal.append, arrays.write_arrays

        def ticking_append(journal: Journal, chunk: int, stage: Any, **facts: Any) -> None:
            self.tick(f"before {stage} of {chunk}")
            append(journal, chunk, stage, **facts)
            self.tick(f"after {stage} of {chunk}")

        def ticking_write(*arguments: Any) -> None:
            self.tick("before counts")
            write_arrays(*arguments)
            self.tick("after counts")

        monkeypatch.setattr(Journal, "append", ticking_append)
        monkeypatch.setattr(journal_module, "write_arrays", ticking_write)


class ScriptedService:
    """Keeps jobs in memory; ``states`` are given out one after the other, the last for ever."""

    def __init__(self, *, bomb: Bomb | None = None, **facts: Any) -> None:
        known: dict[str, Any] = {"name": "ibm_test", "n_qubits": 2, "is_simulator": False, "is_billed": True}
        self.device = DeviceFacts(**{**known, **facts})
        self.name = self.device.name
        self.target: BackendV2 = AerSimulator()
        self.bomb = bomb or Bomb()
        self.tags: list[str] = []
        self.programs: list[list[Program]] = []
        self.options: list[RunOptions] = []
        self.states = [JobState("done")]
        self.hidden_looks = 0
        self.looks = 0
        self.closed = 0
        self.cancelled: list[str] = []
        self.fail_submit: Callable[[bool], None] = lambda accepted: None
        self.fail_state: list[Exception] = []
        self.change: Callable[[list[Counts]], list[Counts]] = lambda counts: counts

    def submit(self, programs: Sequence[Program], tag: str, options: RunOptions) -> str:
        self.bomb.tick("before acceptance")
        self.fail_submit(False)
        self.tags.append(tag)
        self.programs.append(list(programs))
        self.options.append(options)
        self.bomb.tick("after acceptance")
        self.fail_submit(True)
        return f"job{len(self.tags) - 1}"

    def close(self) -> None:
        self.closed += 1

    def find(self, tag: str) -> list[str]:
        self.looks += 1
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            return []
        return [f"job{number}" for number, known in enumerate(self.tags) if known == tag]

    def state(self, job_id: str) -> JobState:
        if self.fail_state:
            raise self.fail_state.pop(0)
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def outcomes(self, job_id: str) -> list[Outcome]:
        programs = self.programs[int(job_id.removeprefix("job"))]
        return list(self.change([expected_counts(program) for program in programs]))

    def usage(self, job_id: str) -> float | None:
        return 1.5

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    def seconds_left(self) -> float | None:
        return None


def expected_counts(program: Program) -> Counts:
    """Counts that tell rows apart: each bit pattern is made of the row's first value."""
    first = (np.abs(program.values[:, 0]) * 1000).astype(int) % (1 << program.n_bits)
    return np.broadcast_to(first[:, None, None].astype(np.uint8), program.counts_shape).copy()


def programs(rows: int = 6, shots: int = 10, count: int = 1) -> list[Program]:
    """Programs of two qubits, without a device."""
    generator = np.random.default_rng(1)
    return [Program(rotations(2), generator.uniform(-3, 3, (rows, 2)), shots) for _ in range(count)]


def begin(root: Path, service: ScriptedService, made: list[Program] | None = None, **request: Any) -> Journal:
    return Journal.begin(root, made or programs(), service.device, RunOptions(seed=3), request or {"run": "a"})
