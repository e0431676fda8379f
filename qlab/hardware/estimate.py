"""What programs take on a device, before they are sent: executions, jobs, and seconds at least."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.providers import BackendV2

from qlab.errors import RequestError
from qlab.hardware.intent import Budget, Piece
from qlab.hardware.program import Program

JOB_SECONDS = 2.0  # that IBM's documentation adds to the executions of every job


@dataclass(frozen=True)
class Cost:
    """What a job, or several, take.

    Attributes:
        jobs: how many there are.
        executions: shots, over all rows of all programs.
        by_part: executions by what they are for.
        circuit_seconds: how long one shot of the longest circuit lasts, its measurement included; None where the device
            does not say how long gates take.
        qpu_seconds: the least that a device is busy: what lies between shots counts, what the service adds for loading
            programs, dynamical decoupling or twirling, or learning the noise does not.
        by_job: the same of each job.
    """

    jobs: int
    executions: int
    by_part: Mapping[str, int]
    circuit_seconds: float | None
    qpu_seconds: float
    by_job: tuple[float, ...]


def cost(
    programs: Sequence[Program],
    parts: Sequence[str],
    device: BackendV2,
    rep_delay: float,
    chunks: Sequence[Sequence[Piece]],
    repeats: int = 1,
) -> Cost:
    """Return what programs take: executions * (rep_delay + duration), and 2 s for every job.

    Args:
        programs: all of them.
        parts: what each is for.
        device: what they are for.
        rep_delay: seconds between two shots.
        chunks: for each job the rows that it executes.
        repeats: how often the service executes every row, where its own mitigation needs more than once.
    """
    by_part: dict[str, int] = {}
    by_job = [JOB_SECONDS] * len(chunks)
    lasting = [duration(program.circuit, device) for program in programs]
    for number, chunk in enumerate(chunks):
        for piece in chunk:
            executions = (piece.stop - piece.start) * programs[piece.program].shots * repeats
            by_part[parts[piece.program]] = by_part.get(parts[piece.program], 0) + executions
            by_job[number] += executions * (rep_delay + (lasting[piece.program] or 0.0))
    longest = max((seconds for seconds in lasting if seconds is not None), default=None)
    return Cost(len(chunks), sum(by_part.values()), by_part, longest, sum(by_job), tuple(by_job))


def budget(expected: Cost, allowed: float | None) -> Budget | None:
    """Return what each job may take: what it takes at least, and its part of what is left of all that is allowed.

    Args:
        expected: of all jobs.
        allowed: QPU seconds that may be spent on them; None for any number.

    Raises:
        RequestError: the jobs take more than is allowed, each in whole seconds, as the service counts them.
    """
    if allowed is None:
        return None
    least = [math.ceil(seconds) for seconds in expected.by_job]
    spare = math.floor(allowed) - sum(least)
    if spare < 0:
        said = f"{sum(least)} QPU seconds" + (f" for {len(least)} jobs" if len(least) > 1 else "")
        raise RequestError(f"limits are whole seconds, at least {said}, and {allowed:g} are allowed: allow more")
    limits = [
        own + math.floor(spare * job / expected.qpu_seconds) for own, job in zip(least, expected.by_job, strict=True)
    ]
    limits[0] += math.floor(allowed) - sum(limits)
    return Budget(allowed, tuple(limits))


def duration(circuit: QuantumCircuit, device: BackendV2) -> float | None:
    """Return how many seconds one shot lasts; None where the device does not say how long gates take."""
    try:
        return float(circuit.estimate_duration(device.target))
    except QiskitError:
        return None


def refuse(expected: Cost, allowed: float | None, left: float | None) -> None:
    """Raise ``RequestError`` where at least ``expected.qpu_seconds`` are more than are allowed, or than are left.

    Args:
        expected: of all jobs.
        allowed: QPU seconds that may be spent on them; None for any number.
        left: QPU seconds of the account; None where it does not tell.
    """
    least = f"{expected.executions:,} executions take at least {expected.qpu_seconds:.1f} QPU seconds"
    if allowed is not None and expected.qpu_seconds > allowed:
        raise RequestError(f"{least}, and {allowed:g} are allowed: take fewer samples or shots, or less mitigation")
    if left is not None and expected.qpu_seconds > left:
        raise RequestError(f"{least}, and the account has {left:g} left: take fewer samples or shots")
