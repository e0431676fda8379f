"""From a request to jobs: the circuit on its device, what it would take, and the one place that sends anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qlab.errors import CapabilityError, OptionError
from qlab.hardware.arrangement import Arrangement
from qlab.hardware.building import DeviceCircuit, build
from qlab.hardware.estimate import Cost, cost, refuse
from qlab.hardware.intent import divided
from qlab.hardware.journal import Journal, unfinished
from qlab.hardware.mitigation.readout import patterns
from qlab.hardware.opening import open_service
from qlab.hardware.program import Program
from qlab.hardware.service import JobService
from qlab.jobs.hardware.question import Question, question_of
from qlab.jobs.hardware.request import HardwareRequest
from qlab.jobs.run import Run
from qlab.progress import Progress

CALIBRATION_SHOTS = 10_000


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

    def journal(self) -> Journal:
        """Return the journal of the request: the one that is not finished, or a new one, on disk."""
        request, options = self.request.described(), self.request.options(self.cost.jobs)
        return Journal.begin(self.root, self.programs, self.service.device, options, request)

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
        }


def prepare(run: Run, request: HardwareRequest, root: Path, progress: Progress) -> Submission:
    """Return what is ready to be sent; nothing is.

    Raises:
        RequestError: something of the request is wrong, or it costs more than is allowed or left.
    """
    service = open_service(request.device)
    question = question_of(run, request.limit, progress)
    facts = service.device
    idle = sorted({"dd", "twirling"} & set(request.mitigation))
    if idle and facts.is_simulator:
        raise OptionError(f"--mitigation {','.join(idle)} acts on real devices only, and {facts.name} is simulated")
    if question.circuit.n_qubits > facts.n_qubits:
        raise CapabilityError(
            f"{facts.name} has {facts.n_qubits} qubits, but the circuit of {run.path.name} has "
            f"{question.circuit.n_qubits}"
        )
    circuit = build(question.circuit, service.target, request.seed)
    arrangement = arranged(question.circuit.n_qubits, question, request)
    programs = tuple(arrangement.programs(circuit, question.inputs, question.weights, request.shots, CALIBRATION_SHOTS))
    jobs = len(divided(programs, facts))
    expected = cost(programs, arrangement.parts, service.target, facts.rep_delay, jobs)
    left = service.seconds_left()
    begun = unfinished(root, request.described())
    if begun is None and (facts.is_billed or request.max_qpu_seconds is not None):
        refuse(expected, request.max_qpu_seconds, left)
    return Submission(request, run, question, service, circuit, arrangement, programs, expected, left, root, begun)


def arranged(n_qubits: int, question: Question, request: HardwareRequest) -> Arrangement:
    """Return which programs a request needs, and how they are read."""
    prepared = patterns(n_qubits) if request.calibrates else np.empty((0, n_qubits), np.uint8)
    return Arrangement(n_qubits, question.words, request.scales, prepared)
