"""What runs jobs: IBM's service, or this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from qiskit.providers import BackendV2

from qlab.errors import Refused
from qlab.hardware.program import Outcome, Program

Phase = Literal["queued", "running", "done", "failed", "cancelled"]
Decoupling = Literal["XX", "XpXm", "XY4"]
Mode = Literal["job", "batch"]
Resilience = Literal[0, 1, 2]

FINAL: frozenset[Phase] = frozenset({"done", "failed", "cancelled"})


class UnknownJob(Refused):
    """The service knows no job of this name, or none that this account may see."""


@dataclass(frozen=True)
class DeviceFacts:
    """What is to be known of a device before a job is sent.

    Attributes:
        name: as the user wrote it.
        n_qubits: qubits of the device.
        is_simulator: whether its results are computed.
        is_billed: whether a job costs the account something; such a job is never sent twice without being asked for.
        keeps_jobs: whether jobs outlive this process; else they are run again in the next one.
        account: fingerprint of what pays for the jobs; None where nothing does.
        rep_delay: seconds between two shots, beside the circuit itself; 0 where nothing is waited for.
        most_executions: the most shots of one job, over all rows of all programs; None without a limit.
        most_shots: the most shots of one row; None without a limit.
        shots_differ: whether the programs of one job may have different numbers of shots.
        calibrated: when, ISO 8601; None where the device does not say.
    """

    name: str
    n_qubits: int
    is_simulator: bool
    is_billed: bool
    keeps_jobs: bool = True
    account: str | None = None
    rep_delay: float = 0.0
    most_executions: int | None = None
    most_shots: int | None = None
    shots_differ: bool = True
    calibrated: str | None = None


@dataclass(frozen=True)
class RunOptions:
    """How a job is run.

    Attributes:
        dynamical_decoupling: sequence of pulses on idle qubits, or None for none.
        twirling: whether gates and measurements are randomised by Pauli operators.
        max_execution_time: QPU seconds after which the service ends the job; None for the service's own limit.
        mode: ``job``, or ``batch`` where the jobs of one run are scheduled together.
        resilience_level: what the estimator does against errors: 0 nothing, 1 those of readout, 2 those of gates too.
        seed: of what is simulated; a device has none.
    """

    dynamical_decoupling: Decoupling | None = None
    twirling: bool = False
    max_execution_time: int | None = None
    mode: Mode = "job"
    resilience_level: Resilience = 0
    seed: int = 0


@dataclass(frozen=True)
class JobState:
    """Where a job is.

    Attributes:
        phase: the last three of queued, running, done, failed, cancelled are final.
        message: what the service says of it, one line; empty without one.
    """

    phase: Phase
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Whether it stays so for ever."""
        return self.phase in FINAL


class JobService(Protocol):
    """Runs jobs on one device.

    Every method raises ``Refused`` where the service said no, ``UnknownJob`` of these where it does not know the job,
    and ``Unreachable`` where nobody knows what it did.
    """

    @property
    def name(self) -> str:
        """Name of the device, as the user wrote it."""

    @property
    def device(self) -> DeviceFacts:
        """Facts of the device."""

    @property
    def target(self) -> BackendV2:
        """What circuits are transpiled for."""

    def submit(self, programs: Sequence[Program], tag: str, options: RunOptions) -> str:
        """Send one job for all programs, with a tag, and return the service's id of it; sent once, never repeated.

        The programs are all the sampler's, or all the estimator's.
        """

    def close(self) -> None:
        """Say that no more jobs of this run will be sent; those that were go on."""

    def find(self, tag: str) -> list[str]:
        """Return the ids of the jobs that carry the tag, the oldest first."""

    def state(self, job_id: str) -> JobState:
        """Return where a job is."""

    def outcomes(self, job_id: str) -> list[Outcome]:
        """Return what each program of a job that is done measured, or estimated."""

    def usage(self, job_id: str) -> float | None:
        """Return the QPU seconds that a job was charged for, or None where that is not told."""

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job; one that has ended stays what it is."""

    def seconds_left(self) -> float | None:
        """Return the QPU seconds that the account has left, or None where that is not told."""
