"""From an intent to its outcomes: find what was sent, send what was not, wait, fetch, and never send twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from qlab.errors import CorruptFileError, InDoubt, JobError, Refused, RequestError, Unreachable
from qlab.hardware.alone import alone
from qlab.hardware.journal import Journal
from qlab.hardware.log import ChunkState
from qlab.hardware.program import Outcome, misfit
from qlab.hardware.service import JobService, JobState, UnknownJob
from qlab.progress import Progress, Silent

_LOOKS = (
    0.0,
    2.0,
    4.0,
    8.0,
    16.0,
)  # seconds before each look for a tag: a service lists a job some time after it took it
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between two questions for a state
_PATIENCE = 10  # questions in a row without an answer
_USAGE_PAUSES = (0.0, 1.0, 3.0)  # seconds before each question for what a job that is done has cost
_RESUBMIT = "send it once more with --resubmit, which can cost twice"


class Runner:
    """Takes the jobs of one journal through the service.

    Args:
        journal: what is to be run, and what has happened so far.
        service: what runs it; must be the device that the journal was written for.
        progress: hears of jobs that are found, sent and done.
        resubmit: whether a job is sent again that was perhaps sent, where the service has none with its tag.
        sleep: waits for some seconds.

    Raises:
        RequestError: the journal is one of another device.
    """

    def __init__(
        self,
        journal: Journal,
        service: JobService,
        progress: Progress | None = None,
        *,
        resubmit: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        name = journal.intent.device.name
        if service.name != name:
            raise RequestError(f"hardware run {journal.intent.uuid} is one on {name}, not on {service.name}")
        self._journal, self._service, self._sleep = journal, service, sleep
        self._progress = progress or Silent()
        self._resubmit = resubmit
        self._facts = journal.intent.device
        self._sent: set[int] = set()  # chunks that this process has sent

    def submit(self) -> None:
        """Send every chunk that has no job yet; one that perhaps has one is looked for first.

        Raises:
            InDoubt: a job was perhaps sent, the service has none with its tag, and ``resubmit`` is not set.
            Refused: the service did not take a job; the next call sends it again.
            Unreachable: the service does not say whether there is a job; nothing was sent.
            JobError: the service did not take a job, but others of this run before.
        """
        try:
            with self._beside_jobs("repeat the command to send the rest"):
                if self._journal.is_continued and self._is_to_be_sent():
                    self._look_at_all()  # what else was sent is of no use where one of its jobs has failed
                for number in range(self._journal.n_chunks):
                    self.alone(partial(self._submit_chunk, number))
        finally:
            self._service.close()

    def refresh(self) -> list[ChunkState]:
        """Ask once for every job that is not final, fetch the outcomes of those that are done, return all states.

        Raises:
            JobError: the service does not let this account see a job, or does not know it any more.
        """
        with self._beside_jobs(self._how_to_fetch):
            for number, state in enumerate(self._journal.states()):
                if state.stage == "sending" and self._facts.keeps_jobs:  # perhaps it was taken
                    self.alone(partial(self._find, number))
            self._look_at_all()
        return self._journal.states()

    def _look_at_all(self) -> None:
        for number, state in enumerate(self._journal.states()):
            if self._has_job(number, state):
                self._look_at(number, state)

    def _is_to_be_sent(self) -> bool:
        return any(not s.is_final and not self._has_job(n, s) for n, s in enumerate(self._journal.states()))

    @contextmanager
    def _beside_jobs(self, otherwise: str) -> Iterator[None]:
        """Turn what the service refuses into a failure where there are jobs: not nothing has happened, as that says."""
        try:
            yield
        except UnknownJob as error:
            uuid = self._journal.intent.uuid
            raise JobError(
                f"{error}; with the account and instance that sent it, repeat the command, else qlab hw-run cancel "
                f"{uuid} gives this run up"
            ) from error
        except Refused as error:
            going = [state.job for n, state in enumerate(self._journal.states()) if self._has_job(n, state)]
            sent = [state.job for state in self._journal.states() if state.job is not None]
            if not sent:
                raise
            how = f"job {going[0]} goes on" if going else f"job {sent[0]} of this run was sent"
            raise JobError(f"{error}; {how}: {otherwise}") from error

    def wait(self) -> list[Outcome]:
        """Wait until every chunk is final and return what each program measured.

        Ctrl-C ends the waiting, not the jobs.

        Raises:
            JobError: a job failed or was cancelled, or the service does not answer any more.
        """
        try:
            self._wait()
        except KeyboardInterrupt:
            uuid = self._journal.intent.uuid
            self._progress.say(f"the jobs go on; {self._how_to_fetch}, qlab hw-run cancel {uuid} ends them")
            raise
        return self.collected()

    def _wait(self) -> None:
        pause, silent = _FIRST_PAUSE, 0
        while True:
            try:
                before = self._journal.states()
                states = self.refresh()
                silent = 0
            except Unreachable as error:
                silent += 1
                if silent >= _PATIENCE:
                    raise Unreachable(f"{error}; the jobs go on, {self._how_to_fetch}") from error
                states = before
            if all(state.is_final for state in states):
                break
            if not all(state.is_final or self._has_job(number, state) for number, state in enumerate(states)):
                if any(state.has_no_result for state in states):
                    require_done(self._journal)
                raise JobError(f"hardware run {self._journal.intent.uuid} was not sent whole; repeat the command")
            pause = _FIRST_PAUSE if states != before else min(pause * 1.5, _LONGEST_PAUSE)
            self._sleep(pause)

    def collected(self) -> list[Outcome]:
        """Return what each program measured; what is damaged on disk is fetched again, or simulated again.

        Raises:
            JobError: as ``require_done`` does.
            CorruptFileError: the outcomes are damaged and cannot be had again.
        """
        require_done(self._journal)
        for number in self._journal.damaged():
            self.alone(partial(self._fetch_again, number))
        return self._journal.outcomes()

    def cancel(self) -> list[ChunkState]:
        """Ask for the end of every job that is not final, and return all states; what was not sent never will be."""
        for number in range(self._journal.n_chunks):
            self.alone(partial(self._cancel_chunk, number))
        return self.refresh()

    @property
    def _how_to_fetch(self) -> str:
        return _how_to_fetch(self._journal)

    def alone(self, step: Callable[[], None]) -> None:
        """Do ``step`` while no other process does one on this journal; what is simulated takes as long as it takes.

        Raises:
            JobError: another process has been at work on a job of a device for ten minutes.
        """
        alone(self._journal, self._progress, step)

    def _has_job(self, number: int, state: ChunkState) -> bool:
        """Return whether a chunk has a job that is not final and still there."""
        return state.stage in ("queued", "running") and (self._facts.keeps_jobs or number in self._sent)

    def _submit_chunk(self, number: int) -> None:
        state = self._journal.states()[number]
        if state.is_final or self._has_job(number, state):
            return
        if any(other.has_no_result for other in self._journal.states()):
            return
        if self._facts.keeps_jobs and (state.stage == "sending" or self._journal.is_continued):
            if self._adopt(number, _LOOKS if state.stage == "sending" else _LOOKS[:1]):
                return
            if state.stage == "sending" and self._facts.is_billed and not self._resubmit:
                raise self._doubt(number, _RESUBMIT)
        self._send(number)

    def _send(self, number: int) -> None:
        journal, service = self._journal, self._service
        if service.device.account != self._facts.account:
            raise RequestError(
                f"hardware run {journal.intent.uuid} was begun with another instance or account of IBM; use that one"
            )
        programs = journal.chunk(number)
        journal.append(number, "sending")
        try:
            job = service.submit(programs, journal.intent.tag(number), self._journal.intent.options_of(number))
        except Refused as error:
            journal.append(number, "refused", message=str(error))
            raise
        except KeyboardInterrupt:
            self._progress.say("the job was perhaps sent; repeat the command, which looks for it")
            raise
        except Unreachable as error:
            self._progress.say(f"{error}; looking whether the job was taken")
            if not self._adopt(number, _LOOKS):
                raise self._doubt(number, _RESUBMIT) from error
        except JobError as error:
            journal.append(number, "failed", message=str(error))
            raise
        else:
            self._sent.add(number)
            journal.append(number, "queued", job=job)
            self._progress.say(f"job {job} sent to {service.name}")
            if not self._facts.keeps_jobs:  # another process that waits must find it done
                self._look_at(number, journal.states()[number])

    def _adopt(self, number: int, looks: Sequence[float]) -> bool:
        """Look for a job with the tag of a chunk, log the one that is found, and return whether there is one."""
        for pause in looks:
            if pause:
                self._sleep(pause)
            found = self._service.find(self._journal.intent.tag(number))
            if found:
                self._sent.add(number)
                self._journal.append(number, "queued", job=found[0], message="found by its tag")
                also = f"; it has the tag of {', '.join(found[1:])}, too" if len(found) > 1 else ""
                self._progress.say(f"job {found[0]} was sent before{also}")
                return True
        return False

    def _find(self, number: int) -> None:
        """Look once for the job of a chunk of which nobody knows whether it was sent."""
        if self._journal.states()[number].stage == "sending":
            self._adopt(number, _LOOKS[:1])

    def _doubt(self, number: int, otherwise: str) -> InDoubt:
        tag = self._journal.intent.tag(number)
        return InDoubt(
            f"nobody knows whether the job with the tag {tag} was sent: {self._facts.name} lists none. Repeat the "
            f"command later to look again, or {otherwise}"
        )

    def _look_at(self, number: int, known: ChunkState) -> None:
        """Ask for the state of a job and log what is new; outcomes are on disk before the job counts as done."""
        assert known.job is not None
        found = self._service.state(known.job)
        if found.phase == "done":
            outcomes = self._service.outcomes(known.job)
            usage = self._usage(known.job)
            self.alone(partial(self._finish, number, known.job, outcomes, usage))
        elif (found.phase, found.message) != (known.stage, known.message):
            usage = self._usage(known.job) if found.is_final else None
            self.alone(partial(self._note, number, known.job, found, usage))

    def _fetch_again(self, number: int) -> None:
        """Put the outcomes of a chunk that is done on disk again; another process may have been faster."""
        if number not in self._journal.damaged():
            return
        job = self._journal.states()[number].job
        assert job is not None
        if self._facts.keeps_jobs:
            self._progress.say(f"the outcomes of job {job} are damaged on disk; they are fetched again")
        else:
            self._progress.say(f"the outcomes of job {job} are damaged on disk; it is simulated again")
            self._service.submit(self._journal.chunk(number), job, self._journal.intent.options_of(number))
        try:
            outcomes = self._service.outcomes(job)
        except UnknownJob as error:
            raise CorruptFileError(
                f"the outcomes of job {job} are damaged on disk, and {error}; the command with --force runs it anew"
            ) from error
        self._journal.restore(number, outcomes)

    def _finish(self, number: int, job: str, outcomes: Sequence[Outcome], usage: float | None) -> None:
        if self._journal.states()[number].is_final:  # another process was faster
            return
        twirled = self._journal.intent.options.twirling
        wrong = misfit(self._journal.intent.forms_of(number), outcomes, more_shots=twirled)
        if wrong:
            self._journal.set_aside(number, job, outcomes)
            message = f"its result is not what was asked for: {wrong}"
            self._journal.append(number, "failed", job=job, message=message, usage=usage)
            return
        self._journal.store(number, job, outcomes, usage)
        self._progress.say(f"job {job} is done" + (f", {usage:g} QPU seconds" if usage is not None else ""))

    def _note(self, number: int, job: str, found: JobState, usage: float | None) -> None:
        if not self._journal.states()[number].is_final:
            self._journal.append(number, found.phase, job=job, message=found.message, usage=usage)
            self._progress.say(f"job {job} is {found.phase}" + (f": {found.message}" if found.message else ""))

    def _usage(self, job: str) -> float | None:
        """Return the QPU seconds; services tell them a moment after the job is done, if at all."""
        for pause in _USAGE_PAUSES if self._facts.is_billed else ():
            if pause:
                self._sleep(pause)
            try:
                seconds = self._service.usage(job)
            except (Refused, Unreachable):
                continue
            if seconds is not None:
                return seconds
        return None

    def _cancel_chunk(self, number: int) -> None:
        state = self._journal.states()[number]
        if state.stage == "sending" and self._facts.keeps_jobs:
            if not self._adopt(number, _LOOKS):
                raise self._doubt(number, f"remove {self._journal.folder} to forget it")
            state = self._journal.states()[number]
        if self._has_job(number, state) and state.job is not None:
            try:
                self._service.cancel(state.job)
            except UnknownJob as error:
                self._journal.append(number, "cancelled", job=state.job, message=str(error))
        elif not state.is_final:
            self._journal.append(number, "cancelled", message="there was no job to cancel")


def require_done(journal: Journal) -> None:
    """Raise ``JobError`` where a job failed, was cancelled, or is not done yet."""
    states = journal.states()
    ended = [state for state in states if state.stage in ("failed", "cancelled")]
    if ended:
        said = f": {ended[0].message}" if ended[0].message else ""
        raise JobError(f"job {ended[0].job or 'that was never sent'} has {_ended(ended[0])}{said}")
    if any(state.stage in ("new", "sending", "refused") for state in states):
        raise JobError(f"hardware run {journal.intent.uuid} was not sent whole; repeat the command")
    if any(not state.is_final for state in states):
        raise JobError(f"hardware run {journal.intent.uuid} is not done yet; {_how_to_fetch(journal)}")


def _how_to_fetch(journal: Journal) -> str:
    return f"qlab hw-run fetch {journal.intent.uuid} gets their results"


def _ended(state: ChunkState) -> str:
    return "failed" if state.stage == "failed" else "been cancelled"
