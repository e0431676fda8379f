"""IBM's devices, by the Qiskit Runtime service."""

from __future__ import annotations

import hashlib
import logging
import math
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from qiskit.providers import BackendV2, QiskitBackendNotFoundError
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime import Batch, QiskitRuntimeService

from qlab.errors import QlabWarning, Refused, RequestError, UnknownNameError, Unreachable
from qlab.hardware.account import check_account
from qlab.hardware.answers import asking, message_of, one_line, submitting
from qlab.hardware.program import REGISTER, Outcome, Program
from qlab.hardware.redaction import remember, remember_accounts
from qlab.hardware.service import DeviceFacts, JobState, Phase, RunOptions
from qlab.hardware.transport import install
from qlab.noise.device import calibration_of

try:
    from qiskit_ibm_runtime.executor_estimator import Estimator
    from qiskit_ibm_runtime.executor_sampler import Sampler

    _SHOTS_DIFFER = False
except ImportError:
    from qiskit_ibm_runtime import EstimatorV2 as Estimator
    from qiskit_ibm_runtime import SamplerV2 as Sampler

    _SHOTS_DIFFER = True

_MOST_EXECUTIONS = 10_000_000  # of one job of the sampler, by IBM's documentation of its limits
_PHASES: dict[str, Phase] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}


class IbmService:
    """Runs jobs on a device of the user's IBM account.

    The device is looked up when it is first asked for: jobs are found, fetched and cancelled without, so that the
    counts of a device that is gone can still be had.

    Args:
        name: of the device, ``ibm_fez``.

    Raises:
        UnknownNameError: the account has no such device.
        RequestError: there is no account, or IBM cannot be reached or does not take the token.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._service = _service()
        self._jobs: dict[str, Any] = {}
        self._batch: Batch | None = None

    @cached_property
    def target(self) -> BackendV2:
        """The device as Qiskit knows it."""
        return _device(self._service, self.name)

    @cached_property
    def device(self) -> DeviceFacts:
        """Facts of the device."""
        return _facts(self.name, self.target, self._service.active_instance())

    def submit(self, programs: Sequence[Program], tag: str, options: RunOptions) -> str:
        """Send one job for all programs; see ``JobService``."""
        estimates = any(program.words for program in programs)
        primitive, described = (Estimator, estimator_options) if estimates else (Sampler, sampler_options)
        with submitting(f"the job was not sent to {self.name}"):
            if options.mode == "batch" and self._batch is None:
                self._batch = Batch(backend=self.target)
            job = primitive(mode=self._batch or self.target, options=described(tag, options)).run(map(bloc, programs))
            job_id = str(job.job_id())
        self._jobs[job_id] = job
        return job_id

    def close(self) -> None:
        """Say that the batch is complete; where that cannot be said, the service ends it after a while."""
        batch, self._batch = self._batch, None
        if batch is not None:
            try:
                batch.close()
            except Exception as error:
                warnings.warn(f"the batch could not be closed: {message_of(error)}", QlabWarning, stacklevel=2)

    def find(self, tag: str) -> list[str]:
        """Return the ids of the jobs that carry the tag, in any instance of the account, the oldest first."""
        found = []
        with asking(f"IBM does not say whether there is a job with the tag {tag}"):
            for instance in self._service.instances():
                jobs = self._service.jobs(job_tags=[tag], instance=instance["crn"], limit=10, descending=False)
                found += [str(job.job_id()) for job in jobs if tag in (job.tags or ())]
        return list(dict.fromkeys(found))

    def state(self, job_id: str) -> JobState:
        """Return where a job is; one that ran too long has failed."""
        with asking(f"IBM does not say where job {job_id} is"):
            job = self._job(job_id)
            try:
                status = job.status()
            except Exception:
                status = job.status()  # it is known; what could not be asked for is the reason
            if status not in _PHASES:
                raise Unreachable(f"job {job_id} is in the state {status}, which qlab does not know")
            phase = _PHASES[status]
            message = one_line(job.error_message() or "") if phase == "failed" else ""
        return JobState(phase, message)

    def outcomes(self, job_id: str) -> list[Outcome]:
        """Return what each program measured, or estimated."""
        with asking(f"the result of job {job_id} cannot be fetched"):
            return [_outcome(result.data) for result in self._job(job_id).result()]

    def usage(self, job_id: str) -> float | None:
        """Return the QPU seconds of a job."""
        with asking(f"the usage of job {job_id} cannot be fetched"):
            usage = self._job(job_id).metrics().get("usage") or {}
        seconds = usage.get("quantum_seconds", usage.get("seconds"))
        return None if seconds is None else float(seconds)

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job; one that has ended stays what it is."""
        from qiskit_ibm_runtime import RuntimeInvalidStateError

        with asking(f"job {job_id} cannot be cancelled"):
            job = self._job(job_id)
            try:
                job.cancel()
            except RuntimeInvalidStateError:
                return
            finally:
                self._jobs.pop(job_id, None)  # it takes itself for cancelled now, whatever the service makes of it

    def seconds_left(self) -> float | None:
        """Return the QPU seconds that the instance of the account has left."""
        with asking("IBM does not say what the account has left"):
            left = self._service.usage().get("usage_remaining_seconds")
        return None if left is None else float(left)

    def _job(self, job_id: str) -> Any:
        if job_id not in self._jobs:
            self._jobs[job_id] = self._service.job(job_id)
        return self._jobs[job_id]


def bloc(program: Program) -> tuple[Any, ...]:
    """Return a program as the primitive unified bloc of its primitive.

    An estimator's has one row of values (N, 1) for every observable (K,), so that it answers with values (N, K).
    """
    if not program.words:
        return program.circuit, program.values, program.shots
    circuit, reads = program.unmeasured, program.reads
    terms = [
        ("".join(letter for _, letter in w.factors), [reads[bit] for bit, _ in w.factors], 1.0) for w in program.words
    ]
    observables = [SparsePauliOp.from_sparse_list([term], num_qubits=circuit.num_qubits) for term in terms]
    return circuit, observables, program.values[:, None, :], _precision(program.shots)


def _precision(shots: int) -> float:
    """Return the standard error for which ceil(1 / error^2), as the service counts, is ``shots`` and not one more."""
    return (1 + 1e-12) / math.sqrt(shots)


def _outcome(data: Any) -> Outcome:
    if REGISTER in data:
        return np.ascontiguousarray(data[REGISTER].array, dtype=np.uint8)
    return np.stack([data.evs, data.stds], axis=-1).astype(np.float64)


def estimator_options(tag: str, options: RunOptions) -> dict[str, Any]:
    """Return the options of the estimator; from level 1 on it twirls measurements whatever is said of twirling."""
    found = {**sampler_options(tag, options), "resilience_level": options.resilience_level}
    if options.resilience_level and not options.twirling:
        del found["twirling"]
    return found


def sampler_options(tag: str, options: RunOptions) -> dict[str, Any]:
    """Return the options of the sampler, which both of its implementations take."""
    found: dict[str, Any] = {
        "environment": {"job_tags": [tag]},
        "twirling": {"enable_gates": options.twirling, "enable_measure": options.twirling},
        "dynamical_decoupling": {"enable": options.dynamical_decoupling is not None},
    }
    if options.dynamical_decoupling is not None:
        found["dynamical_decoupling"]["sequence_type"] = options.dynamical_decoupling
    if options.max_execution_time is not None:
        found["max_execution_time"] = options.max_execution_time
    return found


def _service() -> QiskitRuntimeService:
    remember_accounts()
    check_account()
    install()
    logging.getLogger(QiskitRuntimeService.__module__).setLevel(logging.ERROR)  # what it warns of is raised, too
    try:
        service = QiskitRuntimeService()
    except Exception as error:
        raise RequestError(
            f"IBM cannot be reached, or does not take the token: {message_of(error)}; fake_torino and aer need neither"
        ) from None
    account = service.active_account() or {}
    remember(str(account.get("token", "")))
    return service


def _device(service: QiskitRuntimeService, name: str) -> Any:
    """Return a device; the client takes an IBM that does not answer for one without devices, so that is asked for."""
    try:
        return service.backend(name)
    except QiskitBackendNotFoundError:
        pass
    except Exception as error:
        raise RequestError(f"{name} cannot be looked up: {message_of(error)}") from None
    try:
        with asking(f"{name} cannot be looked up"):
            service.usage()
            names = [str(device.name) for device in service.backends()]
    except (Refused, Unreachable) as error:
        raise RequestError(f"{error}; nothing was sent") from None
    if name in names:
        raise RequestError(f"the description of {name} cannot be fetched; nothing was sent")
    raise UnknownNameError("device of the IBM account", name, names)


def _facts(name: str, device: Any, instance: str) -> DeviceFacts:
    try:
        with asking(f"the description of {name} cannot be fetched"):
            configuration = device.configuration()
            return DeviceFacts(
                name=name,
                n_qubits=device.num_qubits,
                is_simulator=bool(configuration.simulator),
                is_billed=not configuration.simulator,
                account=hashlib.sha256(instance.encode()).hexdigest()[:16],
                rep_delay=float(getattr(configuration, "default_rep_delay", 0.0) or 0.0),
                most_executions=_MOST_EXECUTIONS,
                most_shots=getattr(configuration, "max_shots", None),
                shots_differ=_SHOTS_DIFFER,
                calibrated=calibration_of(device).date,
            )
    except (Refused, Unreachable) as error:
        raise RequestError(f"{error}; nothing was sent") from None
