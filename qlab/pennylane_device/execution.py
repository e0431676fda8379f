"""Jobs -> outcomes: those with the same operations are executed together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import torch

from qlab.circuits.circuit import Circuit
from qlab.engine import expectations
from qlab.engine.choice import Method
from qlab.engine.states import final_states
from qlab.pennylane_device.jobs import Job
from qlab.pennylane_device.numbers import Run, run_of
from qlab.pennylane_device.outcomes import Expectations, FinalState, Outcome
from qlab.pennylane_device.phases import phases
from qlab.pennylane_device.wires import state_wires, without_work_wires

_STATE_BYTES = 1 << 26


@dataclass(frozen=True)
class Simulation:
    """How states are simulated: their precision, and on which of the engine's paths."""

    dtype: torch.dtype
    method: Method


def execute(jobs: Sequence[Job], simulation: Simulation) -> Iterator[tuple[int, Outcome]]:
    """Yield the place of every job and what the engine finds for it, differentiable once.

    Expectation values of Pauli words are the engine's own; for every other measurement, and for shots, it gives the
    final state. Few final states are held at once, so that they may be measured and let go.
    """
    groups: dict[Hashable, list[int]] = {}
    for place, job in enumerate(jobs):
        groups.setdefault(job.key, []).append(place)
    for places in groups.values():
        for part in _parts([(place, jobs[place]) for place in places], simulation):
            yield from zip([place for place, _ in part], _outcomes([job for _, job in part], simulation), strict=True)


def _parts(group: list[tuple[int, Job]], simulation: Simulation) -> Iterator[list[tuple[int, Job]]]:
    """Yield parts of a group whose final states take no more memory than is allowed, one job at least."""
    head = group[0][1]
    allowed = len(group) if head.sums is not None else _STATE_BYTES // (simulation.dtype.itemsize << head.n_qubits)
    count = max(1, allowed // head.script.rows) if head.sums is None else allowed
    for first in range(0, len(group), count):
        yield group[first : first + count]


def _outcomes(group: Sequence[Job], simulation: Simulation) -> Iterator[Outcome]:
    head = group[0]
    run = run_of([job.script for job in group], max(1, head.n_qubits))
    first = [job.first.expand(job.script.rows, -1) for job in group if job.first is not None]
    simulate = _states if head.sums is None else _values
    rows = simulate(run, torch.cat(first).to(run.inputs.device) if first else None, head, simulation)
    for job, part in zip(group, rows.split([job.script.rows for job in group]), strict=True):
        if job.sums is None:
            yield _final_state(job, part)
        else:
            results = job.sums.results(part)
            yield Expectations(results if job.script.batch is not None else [result[0] for result in results])


def _values(run: Run, first: torch.Tensor | None, job: Job, simulation: Simulation) -> torch.Tensor:
    """Return the expectation values (R, K) of a job's words."""
    assert job.sums is not None
    if not job.sums.words:
        return run.inputs.new_empty(len(run.inputs), 0, dtype=simulation.dtype.to_real())
    inputs = run.inputs if first is None else torch.cat([first, run.inputs], dim=1)
    values = expectations(*_fitted(run, inputs), job.sums.words, simulation.dtype, method=simulation.method)
    if first is None:
        return values
    # the engine normalises amplitudes, PennyLane takes them as they are
    return values * first.square().sum(1, keepdim=True).to(values.dtype)


def _states(run: Run, first: torch.Tensor | None, job: Job, simulation: Simulation) -> torch.Tensor:
    """Return final states (R, 2^n)."""
    inputs = run.inputs
    if first is not None:  # the engine takes it in place of the first inputs
        inputs = torch.cat([inputs.new_zeros(()).expand(first.shape), inputs], dim=1)
    states = final_states(*_fitted(run, inputs), simulation.dtype, first)
    phase = phases(run.translation.phase, inputs, run.weights)
    return states * torch.polar(torch.ones_like(phase), phase).to(states.dtype)[:, None]


def _fitted(run: Run, inputs: torch.Tensor) -> tuple[Circuit, torch.Tensor, torch.Tensor]:
    """Return a circuit with the inputs and weights that it has: the last may be of global phases alone."""
    circuit = run.translation.circuit
    return circuit, inputs[:, : circuit.n_inputs], run.weights[: circuit.n_weights]


def _final_state(job: Job, states: torch.Tensor) -> FinalState:
    is_batch, n_wires = job.script.batch is not None, len(state_wires(job.tape)) or job.n_qubits
    states = without_work_wires(states[:, : 2**job.n_qubits], n_wires)
    return FinalState(job.tape, states.reshape([len(states)] * is_batch + [2] * n_wires), is_batch)
