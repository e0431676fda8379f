"""Devices that this process simulates: IBM's stored devices with their noise, and Aer without any, or with theirs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from qiskit.providers import BackendV2
from qiskit_aer import AerError, AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError

from qlab.errors import JobError, Refused
from qlab.hardware.building import sampling
from qlab.hardware.program import Counts, Estimates, Outcome, Program
from qlab.hardware.readings import raw
from qlab.hardware.service import DeviceFacts, JobState, RunOptions
from qlab.hardware.shots import simulated
from qlab.noise.aer_log import aer_silent
from qlab.noise.device import calibration_date, calibration_of
from qlab.noise.ibm import device_named

AER, WITH_NOISE_OF = "aer", "aer:"


class LocalService:
    """Runs jobs in this process, when they are sent; the seed of the options makes them repeatable.

    Args:
        name: ``aer``, which has no noise and connects all its qubits; a stored device such as ``fake_torino``, whose
            shots qlab's own simulator draws with the noise of its calibration; or ``aer:fake_torino``, where Aer does,
            with the noise model that qiskit-aer makes of the device, many times slower.

    Raises:
        UnknownNameError: there is no such device.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._stored = stored_in(name)
        self.target: BackendV2 = _simulator("") if self._stored is None else device_named(self._stored)
        self._jobs: dict[str, list[Outcome]] = {}
        self.device = DeviceFacts(
            name=name,
            n_qubits=self.target.num_qubits,
            is_simulator=True,
            is_billed=False,
            keeps_jobs=False,
            calibrated=None if self._stored is None else calibration_date(self._stored),
        )

    def submit(self, programs: Sequence[Program], tag: str, options: RunOptions) -> str:
        """Run the programs; the tag becomes the job's id.

        An estimator's values are the means of shots in the setting of their words, as the device itself would take.

        Raises:
            JobError: Aer could not.
            CapabilityError: the memory does not suffice, or a gate does not work on the device.
        """
        measuring = [sampling(program, self.target) if program.words else program for program in programs]
        self._jobs[tag] = [
            _estimates(program, counts) if program.words else counts
            for program, counts in zip(programs, self._counts(measuring, options.seed), strict=True)
        ]
        return tag

    def close(self) -> None:
        """Do nothing: there is nothing to wait for."""

    def find(self, tag: str) -> list[str]:
        """Return the tag where this process has run its job."""
        return [tag] if tag in self._jobs else []

    def state(self, job_id: str) -> JobState:
        """Return that a job of this process is done."""
        self.outcomes(job_id)
        return JobState("done")

    def outcomes(self, job_id: str) -> list[Outcome]:
        """Return what was measured, or estimated."""
        if job_id not in self._jobs:
            raise Refused(f"job {job_id} was run by another process, which has not kept it")
        return self._jobs[job_id]

    def usage(self, job_id: str) -> float | None:
        """Return None: no QPU was used."""
        return None

    def cancel(self, job_id: str) -> None:
        """Do nothing: a job that was sent has ended."""

    def seconds_left(self) -> float | None:
        """Return None: nobody counts."""
        return None

    def _counts(self, programs: Sequence[Program], seed: int) -> list[Counts]:
        if self._stored == self.name:
            seeds = np.random.SeedSequence(seed).spawn(len(programs))
            pairs = zip(programs, seeds, strict=True)
            return [simulated(program, self.target, int(own.generate_state(1)[0])) for program, own in pairs]
        found: dict[int, Counts] = {}
        for shots in dict.fromkeys(program.shots for program in programs):
            together = [number for number, program in enumerate(programs) if program.shots == shots]
            counted = _counted(self._stored or "", [programs[number] for number in together], shots, seed)
            found.update(zip(together, counted, strict=True))
        return [found[number] for number in range(len(programs))]


def stored_in(name: str) -> str | None:
    """Return the stored device that a name stands for; None where it stands for none: ``aer``."""
    return None if name == AER else name.removeprefix(WITH_NOISE_OF)


@cache
def _simulator(name: str) -> AerSimulator:
    """Return Aer, with the noise of a device where one is named; reading that takes seconds: once in a process.

    Aer reads both states of a qubit wrongly equally often, where the calibration knows how often for each.
    """
    if not name:
        return AerSimulator()
    device = device_named(name)
    noise, calibration = NoiseModel.from_backend(device), calibration_of(device)
    for qubit in range(device.num_qubits):
        noise.add_readout_error(ReadoutError(calibration.confusion(qubit).T), [qubit], warnings=False)
    return AerSimulator.from_backend(device, noise_model=noise)


def _counted(name: str, programs: Sequence[Program], shots: int, seed: int) -> list[Counts]:
    """Return the counts of programs, from one run of Aer: it costs seconds to hand it the noise of a large device."""
    circuits, values = [], []
    for program in programs:
        repeated = 1 if program.circuit.num_parameters else program.n_executions
        columns = {
            angle: list(column) for angle, column in zip(program.circuit.parameters, program.values.T, strict=True)
        }
        circuits += [program.circuit] * repeated
        values += [columns] * repeated
    simulator = _simulator(name)
    with aer_silent():
        try:
            result = simulator.run(
                circuits, parameter_binds=values, shots=shots, memory=True, seed_simulator=seed
            ).result()
        except (AerError, ValueError) as error:
            raise JobError(f"Aer cannot execute the job{_with(name)}: {error}") from error
    if not result.success:
        reasons = " ".join([str(result.status), *(str(item.status) for item in result.results)])
        raise JobError(f"Aer cannot execute the job{_with(name)}: {' '.join(reasons.split())}")
    rows = iter(result.results)
    return [_packed([next(rows).data.memory for _ in range(program.n_executions)], program) for program in programs]


def _estimates(program: Program, counts: Counts) -> Estimates:
    read = raw(counts, program.words)
    return np.stack([read.values, read.standard_errors], axis=-1)


def _with(name: str) -> str:
    return f" with the noise of {name}" if name else ""


def _packed(outcomes: Sequence[Sequence[str]], program: Program) -> Counts:
    """Return hexadecimal outcomes, one for each row and shot, as bytes."""
    n_bytes = program.counts_shape[2]
    packed = b"".join(int(outcome, 16).to_bytes(n_bytes, "big") for row in outcomes for outcome in row)
    return np.frombuffer(packed, dtype=np.uint8).reshape(program.counts_shape)
