"""What programs take on a device, before they are sent: executions, jobs, and seconds at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.providers import BackendV2

from qlab.errors import RequestError
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
            programs, dynamical decoupling or twirling does not.
    """

    jobs: int
    executions: int
    by_part: Mapping[str, int]
    circuit_seconds: float | None
    qpu_seconds: float


def cost(programs: Sequence[Program], parts: Sequence[str], device: BackendV2, rep_delay: float, jobs: int) -> Cost:
    """Return what programs take: executions * (rep_delay + duration), and 2 s for every job.

    Args:
        programs: all of them.
        parts: what each is for.
        device: what they are for.
        rep_delay: seconds between two shots.
        jobs: how many jobs they are sent in.
    """
    by_part: dict[str, int] = {}
    seconds, longest = JOB_SECONDS * jobs, None
    for program, part in zip(programs, parts, strict=True):
        executions = program.n_executions * program.shots
        by_part[part] = by_part.get(part, 0) + executions
        lasting = duration(program.circuit, device)
        seconds += executions * (rep_delay + (lasting or 0.0))
        longest = longest if lasting is None else max(longest or 0.0, lasting)
    return Cost(jobs, sum(by_part.values()), by_part, longest, seconds)


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
