"""From a request to jobs: the circuit on its device, what it would take, and the one place that sends anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qlab.errors import CapabilityError, OptionError, RequestError
from qlab.hardware.arrangement import Arrangement
from qlab.hardware.building import DeviceCircuit, build
from qlab.hardware.estimate import Cost, cost, refuse
from qlab.hardware.intent import divided
from qlab.hardware.journal import Journal, ended, unfinished, unreadable
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
        seconds_left: QPU seconds of the account, or None where that is not told.
        root: where journals are.
        begun: the journal of the same request that is not finished; None without one.
        earlier: that of the same request, where a job of it failed or was cancelled; None without one.
    """

    request: HardwareRequest
    run: Run
    question: Question
    service: JobService
    circuit: DeviceCircuit
    arrangement: Arrangement
    programs: tuple[Program, ...]
    cost: Cost
    seconds_left: float | None
    root: Path
    begun: Journal | None
    earlier: Journal | None

    def journal(self) -> Journal:
        """Return the journal of the request: the one that is not finished, or a new one, on disk.

        Raises:
            RequestError: what is not finished was sent under another limit of QPU seconds.
        """
        request, options = self.request.described(), self.request.options(self.cost.jobs)
        journal = Journal.begin(self.root, self.programs, self.service.device, options, request)
        if self.request.max_qpu_seconds is not None and not journal.is_ended:
            journal.limit(options.max_execution_time)
        return journal

    def ends(self) -> list[dict[str, Any]]:
        """Return how the jobs of the same request ended that were not done, as plain values."""
        if self.earlier is None:
            return []
        intent = self.earlier.intent
        return [
            {"uuid": intent.uuid, "begun": intent.created, **asdict(state)}
            for state in self.earlier.states()
            if state.stage != "done"
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
            "goes_on_with": self.begun.intent.uuid if self.begun else None,
            "earlier": self.ends(),
        }


def prepare(run: Run, request: HardwareRequest, root: Path, progress: Progress) -> Submission:
    """Return what is ready to be sent; nothing is.

    Raises:
        RequestError: something of the request is wrong, or it costs more than is allowed or left.
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
    jobs = len(divided(programs, facts))
    expected = cost(programs, arrangement.parts, service.target, facts.rep_delay, jobs)
    left = service.seconds_left()
    begun, earlier = unfinished(root, request.described()), ended(root, request.described())
    damaged = unreadable(root) if facts.is_billed and begun is None else []
    if damaged:
        raise RequestError(
            f"{damaged[0]} is damaged, and nobody knows whether this was sent before: fetch or cancel its job with "
            f"IBM's own means, and move the folder away"
        )
    if (begun is None or begun.is_unsent) and (facts.is_billed or request.max_qpu_seconds is not None):
        refuse(expected, request.max_qpu_seconds, left)
    return Submission(
        request, run, question, service, circuit, arrangement, programs, expected, left, root, begun, earlier
    )


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
    words += [f"--resilience-level {request.resilience_level}"] if request.resilience_level else []
    if words and device.is_simulator:
        raise OptionError(f"{' and '.join(words)} acts on real devices only, and {device.name} is simulated")


def arranged(n_qubits: int, question: Question, request: HardwareRequest) -> Arrangement:
    """Return which programs a request needs, and how they are read."""
    prepared = patterns(n_qubits) if request.calibrates else np.empty((0, n_qubits), np.uint8)
    return Arrangement(n_qubits, question.words, request.scales, prepared, request.estimates)
