"""Tapes as jobs for the engine."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pennylane import math

from qlab.pennylane_device.pauli import PauliSums, pauli_sums
from qlab.pennylane_device.preparation import first_states
from qlab.pennylane_device.script import Leaves, Script, script_of
from qlab.pennylane_device.wires import numbered


@dataclass(frozen=True, eq=False)
class Job:
    """A tape, taken apart.

    Attributes:
        tape: on the wires 0, 1, ... where its final state is wanted.
        script: of it.
        sums: its measurements; None where they need the final state.
        first: (1 or batch, 2^n), the first state where that is no basis state.
    """

    tape: Any
    script: Script
    sums: PauliSums | None
    first: torch.Tensor | None

    @property
    def n_qubits(self) -> int:
        """How many wires the tape has."""
        return len(self.script.qubits)

    @property
    def key(self) -> Hashable:
        """Jobs with the same one are executed together."""
        return self.script.operations, self.n_qubits, None if self.sums is None else self.sums.words


def job_of(tape: Any, leaves: Leaves | None = None) -> Job:
    """Take a tape apart; ``leaves`` take the place of parameters.

    Expectation values of Pauli words are for the engine, unless the tape has shots or begins with complex amplitudes,
    which the engine has in final states alone.

    Raises:
        DeviceError: batches of different sizes.
    """
    script = script_of(tape, leaves=leaves)
    sums = None if tape.shots else pauli_sums(script.measurements, script.qubits)
    if sums is not None:
        first = _first(script)
        if first is None or not first.is_complex():
            return Job(tape, script, sums, first)
    tape = numbered(tape)
    script = script_of(tape, range(tape.num_wires), leaves)
    return Job(tape.copy(measurements=list(script.measurements)), script, None, _first(script))


def fingerprint(job: Job) -> Hashable:
    """Return what only jobs with the same results have in common; None for one that needs the final state."""
    if job.sums is None:
        return None
    numbers = [*job.script.parameters, *([] if job.first is None else [job.first])]
    factors = [(place, float(math.real(factor))) for terms in job.sums.sums for place, factor in terms]
    lengths = [len(terms) for terms in job.sums.sums]
    return job.key, *(_bytes(number) for number in numbers), *factors, *lengths


def _bytes(number: Any) -> bytes:
    array = number.detach().numpy() if isinstance(number, torch.Tensor) else number
    return array.astype(np.float64).tobytes()


def _first(script: Script) -> torch.Tensor | None:
    return None if script.preparation is None else first_states(script.preparation, script.qubits)
