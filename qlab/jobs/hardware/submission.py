"""From a request to jobs: the circuit on its device, what it would take, and the one place that sends anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qlab.errors import CapabilityError, JobError, OptionError, RequestError
from qlab.hardware.arrangement import Arrangement
from qlab.hardware.building import DeviceCircuit, build
from qlab.hardware.estimate import Cost, budget, cost, refuse
from qlab.hardware.intent import Budget, divided
from qlab.hardware.journal import Journal, ended, goes_on, unreadable
from qlab.hardware.mitigation.readout import patterns
from qlab.hardware.opening import open_service
from qlab.hardware.program import Program
from qlab.hardware.service import DeviceFacts, JobService
from qlab.jobs.hardware.question import Question, question_of
from qlab.jobs.hardware.request import HardwareRequest
from qlab.jobs.run import Run
from qlab.progress import Progress

CALIBRATION_SHOTS = 10_000  # of each basis state, where the device takes as many


@dataclass(frozen=True, eq=False)
class Submission:
    """What is ready to be sent, or was sent before.

    Attributes:
        request: what was asked.
        run: the trained head.
        question: its circuit and samples.
        service: what runs jobs.
        circuit: on the device.
        arrangement: which programs there are, and how they are read.
        programs: of one or more jobs.
        cost: what they take at least.
        budget: what may be spent; None for any number of QPU seconds.
        seconds_left: QPU seconds of the account, or None where that is not told.
        root: where journals are.
        begun: the journal of the same request that is not finished; None without one.
        stuck: the same where it cannot be finished and is to be given up; None without one.
        earlier: those of the same request that ended without a result, the oldest first.
    """

    request: HardwareRequest
    run: Run
    question: Question
    service: JobService
    circuit: DeviceCircuit
    arrangement: Arrangement
    programs: tuple[Program, ...]
    cost: Cost
    budget: Budget | None
    seconds_left: float | None
    root: Path
    begun: Journal | None
    stuck: Journal | None
    earlier: tuple[Journal, ...]

    def journal(self) -> Journal:
        """Return the journal of the request: the one that is not finished, or a new one, on disk.

        Raises:
            JobError: another process is at work on the one that is to be given up.
        """
        if self.stuck is not None and not self.stuck.abandon("given up with --force"):
            raise JobError(f"another process is at work on hardware run {self.stuck.intent.uuid}; nothing was done")
        known = (self.request.options, self.request.described(), self.budget, self.facts())
        return Journal.begin(self.root, self.programs, self.service.device, *known)

    def ends(self) -> list[dict[str, Any]]:
        """Return how the jobs ended that the same request had before and that gave no result, as plain values."""
        before = [*self.earlier, *([self.stuck] if self.stuck is not None else [])]
        return [
            {"uuid": journal.intent.uuid, "begun": journal.intent.created, **asdict(state)}
            for journal in before
            for state in journal.states()
            if state.job is not None or state.stage == "failed"
        ]

    @property
    def sends(self) -> bool:
        """Whether there is a job that has to be sent, or perhaps has."""
        return self.begun is None or any(s.stage in ("new", "sending", "refused") for s in self.begun.states())

    def facts(self) -> dict[str, Any]:
        """Return what it would take as plain values."""
        return {
            "device": asdict(self.service.device),
            "samples": len(self.question.inputs),
            "shots": self.request.shots,
            "written": asdict(self.circuit.written),
            "executed": asdict(self.circuit.executed),
            "layout": list(self.circuit.measured),
            "cost": {**asdict(self.cost), "by_part": dict(self.cost.by_part)},
            "seconds_left": self.seconds_left,
            "earlier": self.ends(),
        }


def prepare(run: Run, request: HardwareRequest, root: Path, progress: Progress, *, force: bool = False) -> Submission:
    """Return what is ready to be sent; nothing is.

    Args:
        run: the trained head.
        request: what is asked.
        root: where journals are.
        progress: hears of data that are loaded.
        force: whether an unfinished run is given up that cannot be finished, because something of it is damaged.

    Raises:
        RequestError: something of the request is wrong, it costs more than is allowed or left, or what is not finished
            was sent with another budget.
    """
    service = open_service(request.device)
    question = question_of(run, request.limit, progress)
    facts = service.device
    _check_simulator(request, facts)
    if question.circuit.n_qubits > facts.n_qubits:
        raise CapabilityError(
            f"{facts.name} has {facts.n_qubits} qubits, but the circuit of {run.path.name} has "
            f"{question.circuit.n_qubits}"
        )
    circuit = build(question.circuit, service.target, request.seed)
    arrangement = arranged(question.circuit.n_qubits, question, request)
    asked = (circuit, question.inputs, question.weights, request.shots)
    programs = tuple(arrangement.programs(*asked, calibration_shots(request.shots, facts)))
    chunks = divided(programs, facts)
    expected = cost(programs, arrangement.parts, service.target, facts.rep_delay, chunks, request.repeats)
    left = service.seconds_left()
    begun, earlier = goes_on(root, request.described(), programs, facts), ended(root, request.described())
    stuck = begun if force and begun is not None and begun.is_stuck else None
    begun = None if stuck is not None else begun
    damaged = unreadable(root) if facts.is_billed and begun is None else []
    if damaged:
        raise RequestError(
            f"{damaged[0]} is damaged, and nobody knows whether this was sent before: fetch or cancel its job with "
            f"IBM's own means, and move the folder away"
        )
    if (begun is None or begun.is_unsent) and (facts.is_billed or request.max_qpu_seconds is not None):
        refuse(expected, request.max_qpu_seconds, left)
    if begun is not None and request.max_qpu_seconds is not None and not begun.is_ended:
        begun.require_budget(request.max_qpu_seconds)
    allowed = None if begun is not None and begun.is_fixed else budget(expected, request.max_qpu_seconds)
    known = (request, run, question, service, circuit, arrangement, programs, expected, allowed, left, root)
    return Submission(*known, begun, stuck, tuple(earlier))


def calibration_shots(shots: int, device: DeviceFacts) -> int:
    """Return the shots of each basis state that calibrates the readout, no more than the device takes.

    Where all programs of a job have equally many, that is as many as each sample has.
    """
    limits = (limit for limit in (device.most_shots, device.most_executions) if limit is not None)
    return min([CALIBRATION_SHOTS, *limits]) if device.shots_differ else shots


def _check_simulator(request: HardwareRequest, device: DeviceFacts) -> None:
    """Raise ``OptionError`` where something is asked of a simulated device that only real ones do."""
    idle = ",".join(sorted({"dd", "twirling"} & set(request.mitigation)))
    words = [f"--mitigation {idle}"] if idle else []
    words += ["--batch"] if request.mode == "batch" else []
    words += [f"--resilience-level {request.resilience_level}"] if request.resilience_level else []
    if words and device.is_simulator:
        raise OptionError(f"{' and '.join(words)} acts on real devices only, and {device.name} is simulated")


def arranged(n_qubits: int, question: Question, request: HardwareRequest) -> Arrangement:
    """Return which programs a request needs, and how they are read."""
    prepared = patterns(n_qubits) if request.calibrates else np.empty((0, n_qubits), np.uint8)
    return Arrangement(n_qubits, question.words, request.scales, prepared, request.estimates)
