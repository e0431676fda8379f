"""The use cases of hardware runs: execute, look, fetch, cancel, list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlab.errors import DataError, JobError
from qlab.files import sha256_file
from qlab.hardware.journal import RESULT, ChunkState, Journal, journal_named, journals
from qlab.hardware.opening import open_service
from qlab.hardware.runner import Runner, require_done
from qlab.jobs.hardware.question import question_of
from qlab.jobs.hardware.request import HardwareRequest
from qlab.jobs.hardware.result import conclude, expect, read_result
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


def finished(root: Path, request: HardwareRequest) -> HardwareRun | None:
    """Return the newest run of the same request that has its result, so that nothing is paid for twice; or None."""
    same = [one for one in listed(root) if one.result is not None and one.request == request.described()]
    return same[-1] if same else None


def execute(submission: Submission, progress: Progress, *, wait: bool, resubmit: bool = False) -> HardwareRun:
    """Send what was not sent, and wait for the result unless told otherwise.

    Raises:
        JobError: a job failed or was cancelled, or the service does not answer.
        RequestError: the service did not take a job.
    """
    journal = submission.journal()
    runner = Runner(journal, submission.service, progress, resubmit=resubmit)
    expect(journal.folder, submission)
    runner.submit()
    if not wait and journal.intent.device.keeps_jobs:
        return _as_it_is(journal)
    runner.wait()
    conclude(journal, submission.question, submission.arrangement, submission.request)
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
    if (journal.folder / RESULT).is_file():
        return _as_it_is(journal)
    request, intent = HardwareRequest.of_description(journal.intent.request), journal.intent
    if not all(state.is_final for state in journal.states()):
        if not intent.device.keeps_jobs:
            raise JobError(
                f"hardware run {intent.uuid} was simulated by a process that has ended: repeat its command, "
                f"qlab hw-run {request.run} --backend {request.device} and so on"
            )
        Runner(journal, open_service(intent.device.name), progress).refresh()
    require_done(journal)
    run = Run(find_run(root.parent, request.run))
    if sha256_file(run.folder.model) != request.model:
        raise DataError(f"{run.path.name} has been trained again since it was sent; its weights are others now")
    question = question_of(run, request.limit, progress)
    conclude(journal, question, arranged(question.circuit.n_qubits, question, request), request)
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
    """Return every hardware run by what is on disk, the oldest first; no service is asked."""
    return [_as_it_is(journal) for journal in journals(root)]


def _as_it_is(journal: Journal) -> HardwareRun:
    path, intent = journal.folder / RESULT, journal.intent
    result = read_result(path) if path.is_file() else None
    return HardwareRun(journal.folder, intent.uuid, intent.request, intent.created, tuple(journal.states()), result)
