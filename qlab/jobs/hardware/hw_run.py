"""The use cases of hardware runs: execute, look, fetch, cancel, list."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from filelock import Timeout

from qlab.errors import CorruptFileError, DataError, JobError, QlabWarning
from qlab.files import sha256_file
from qlab.hardware.alone import alone
from qlab.hardware.journal import RESULT, Journal, journal_named, journals
from qlab.hardware.log import ChunkState
from qlab.hardware.opening import open_service
from qlab.hardware.program import Outcome
from qlab.hardware.runner import Runner, require_done
from qlab.jobs.hardware.question import question_of
from qlab.jobs.hardware.request import HardwareRequest
from qlab.jobs.hardware.result import PREDICTIONS, conclude, expect, read_result
from qlab.jobs.hardware.submission import Submission, arranged
from qlab.jobs.run import Run
from qlab.progress import Progress
from qlab.records.store import find_run

FOLDER = "hardware"


@dataclass(frozen=True)
class HardwareRun:
    """A hardware run as it is now.

    Attributes:
        path: its folder.
        uuid: its name.
        request: what was asked.
        created: ISO 8601.
        states: of its jobs.
        result: what came out; None before that.
    """

    path: Path
    uuid: str
    request: dict[str, Any]
    created: str
    states: tuple[ChunkState, ...]
    result: dict[str, Any] | None

    @property
    def has_predictions(self) -> bool:
        """Whether the values and predictions of the result are there."""
        return (self.path / PREDICTIONS).is_file()


def finished(root: Path, request: HardwareRequest) -> HardwareRun | None:
    """Return the newest run of the same request that has its result, so that nothing is paid for twice; or None.

    Raises:
        CorruptFileError: its result is damaged.
    """
    wanted = request.described()
    same = [one for one in journals(root) if one.intent.request == wanted and (one.folder / RESULT).is_file()]
    return _as_it_is(same[-1]) if same else None


def execute(submission: Submission, progress: Progress, *, wait: bool, resubmit: bool = False) -> HardwareRun:
    """Send what was not sent, and wait for the result unless told otherwise.

    Raises:
        JobError: a job failed or was cancelled, or the service does not answer.
        RequestError: the service did not take a job.
    """
    journal, budget = submission.journal(), submission.budget
    runner = Runner(journal, submission.service, progress, resubmit=resubmit)
    if budget is not None and not journal.is_ended:
        runner.alone(partial(journal.limit, budget))
    runner.alone(lambda: expect(journal, submission))
    runner.submit()
    if not wait and journal.intent.device.keeps_jobs:
        return _as_it_is(journal)
    outcomes = runner.wait()
    asked = (submission.question, submission.arrangement, submission.request)
    runner.alone(lambda: conclude(journal, outcomes, *asked))
    return _as_it_is(journal)


def status(root: Path, name: str, progress: Progress) -> HardwareRun:
    """Ask the service for the jobs of a run that are not final, and return where they are.

    Raises:
        UnknownNameError: there is no such run.
        Unreachable: the service does not answer.
    """
    journal = journal_named(root, name)
    if not all(state.is_final for state in journal.states()):
        Runner(journal, open_service(journal.intent.device.name), progress).refresh()
    return _as_it_is(journal)


def fetch(root: Path, name: str, progress: Progress) -> HardwareRun:
    """Return a run with its result, made now where its jobs are done; repeated, it changes nothing.

    Raises:
        UnknownNameError: there is no such run.
        JobError: a job failed, was cancelled, or is not done yet.
    """
    journal = journal_named(root, name)
    if (journal.folder / RESULT).is_file() and (journal.folder / PREDICTIONS).is_file():
        return _as_it_is(journal)
    outcomes = _outcomes(journal, progress)
    request = HardwareRequest.of_description(journal.intent.request)
    run = Run(find_run(root.parent, request.run))
    if sha256_file(run.folder.model) != request.model:
        raise DataError(f"{run.path.name} has been trained again since it was sent; its weights are others now")
    question = question_of(run, request.limit, progress)
    arrangement = arranged(question.circuit.n_qubits, question, request)
    alone(journal, progress, lambda: conclude(journal, outcomes, question, arrangement, request))
    return _as_it_is(journal)


def cancel(root: Path, name: str, progress: Progress) -> HardwareRun:
    """Ask for the end of all jobs of a run.

    Raises:
        UnknownNameError: there is no such run.
        InDoubt: a job was perhaps sent, and nobody knows.
    """
    journal = journal_named(root, name)
    Runner(journal, open_service(journal.intent.device.name), progress).cancel()
    return _as_it_is(journal)


def listed(root: Path) -> list[HardwareRun]:
    """Return every hardware run by what is on disk, the oldest first; no service is asked.

    A result that is damaged is warned of, and counts as none.
    """
    return [_as_far_as_readable(journal) for journal in journals(root)]


def _outcomes(journal: Journal, progress: Progress) -> list[Outcome]:
    """Return what was measured; the service is asked only where something is not on disk, or not whole."""
    if not journal.is_ended and not journal.intent.device.keeps_jobs:
        raise JobError(_not_kept(journal))
    if journal.is_ended and not journal.damaged():
        require_done(journal)
        return journal.outcomes()
    runner = Runner(journal, open_service(journal.intent.device.name), progress)
    runner.refresh()
    return runner.collected()


def _not_kept(journal: Journal) -> str:
    """Return why a simulated run that is not done cannot be fetched."""
    uuid, request = journal.intent.uuid, journal.intent.request
    try:
        with journal.lock.acquire(timeout=0):
            return (
                f"hardware run {uuid} was simulated by a process that has ended: repeat its command, "
                f"qlab hw-run {request['run']} --backend {request['device']} and so on"
            )
    except Timeout:
        return f"hardware run {uuid} is being simulated by another process; fetch it when that is done"


def _as_far_as_readable(journal: Journal) -> HardwareRun:
    try:
        return _as_it_is(journal)
    except CorruptFileError as error:
        warnings.warn(str(error), QlabWarning, stacklevel=3)
        return _with(journal, None)


def _as_it_is(journal: Journal) -> HardwareRun:
    path = journal.folder / RESULT
    return _with(journal, read_result(path) if path.is_file() else None)


def _with(journal: Journal, result: dict[str, Any] | None) -> HardwareRun:
    intent = journal.intent
    return HardwareRun(journal.folder, intent.uuid, intent.request, intent.created, tuple(journal.states()), result)
