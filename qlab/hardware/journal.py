"""The folder of one hardware run: its intent, an append-only log of what happened, and the outcomes.

Every line of the log is on disk before what it announces is done, so that a process that dies at any point leaves
behind either no word of a job or the tag to find it with.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from qlab.arrays import digest, read_arrays, write_arrays
from qlab.errors import CorruptFileError, QlabWarning, RequestError, UnknownNameError
from qlab.hardware.intent import Budget, Intent, divided, has_intent, limited, read_intent, read_programs, write_intent
from qlab.hardware.log import ChunkState, Stage, append, events_in, open_log, replayed
from qlab.hardware.program import Outcome, Program, alike
from qlab.hardware.service import DeviceFacts, RunOptions

RESULT = "result.json"
_LOCK = ".lock"


class Journal:
    """The folder of one run; ``lock`` is to be held from reading a state to writing what was done about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = FileLock(folder / _LOCK)

    @classmethod
    def begin(
        cls,
        root: Path,
        programs: Sequence[Program],
        device: DeviceFacts,
        options: RunOptions,
        request: Mapping[str, Any],
        budget: Budget | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Journal:
        """Return the journal of the same request that ``goes_on``, else a new one; see ``write_intent``.

        Of two processes that ask for the same at once, one writes the intent and both get it. One of other programs, of
        which nothing was sent, is abandoned.
        """
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / _LOCK):
            begun = goes_on(root, request, programs, device)
            if begun is not None:
                return begun
            outdated = unfinished(root, request)
            if outdated is not None and not outdated.abandon("its programs are others today, and nothing was sent"):
                return outdated
            folder, _ = write_intent(root, programs, device, options, request, budget, facts, open_log)
            return cls(folder)

    @cached_property
    def intent(self) -> Intent:
        """What is about to be sent, or was."""
        return read_intent(self.folder)

    @cached_property
    def programs(self) -> list[Program]:
        """The programs, whole."""
        return read_programs(self.folder, self.intent)

    def limit(self, budget: Budget) -> None:
        """Let the jobs take what a budget says, where none was sent yet. The lock must be held.

        Raises:
            RequestError: a job was sent, or perhaps was, under another budget.
        """
        self.require_budget(budget.seconds)
        if not self.is_fixed:
            self.__dict__["intent"] = limited(self.folder, read_intent(self.folder), budget)

    def require_budget(self, seconds: float) -> None:
        """Raise ``RequestError`` where a job was sent, or perhaps was, and may take other QPU seconds than these."""
        known = read_intent(self.folder)
        began = None if known.budget is None else known.budget.seconds
        if self.is_fixed and began != seconds:
            raise RequestError(
                f"hardware run {known.uuid} was sent with {said_budget(began)} and cannot get {said_budget(seconds)}: "
                f"repeat the command without --max-qpu-seconds, or end it with qlab hw-run cancel {known.uuid}"
            )

    def chunk(self, number: int) -> list[Program]:
        """Return the programs of one job, with the rows that it executes."""
        return [
            replace(self.programs[piece.program], values=self.programs[piece.program].values[piece.start : piece.stop])
            for piece in self.intent.chunks[number]
        ]

    @cached_property
    def is_continued(self) -> bool:
        """Whether something had happened before this process opened the journal, so that there may be jobs of it."""
        return any(event is None or "chunk" in event for event in events_in(self.folder, self.n_chunks))

    @property
    def is_fixed(self) -> bool:
        """Whether a job of a device was sent, or perhaps was, so that what it may cost does not change any more."""
        return self.intent.device.keeps_jobs and not self.is_unsent

    @property
    def is_ended(self) -> bool:
        """Whether every job is done, failed or was cancelled."""
        return all(state.is_final for state in self.states())

    @property
    def is_unsent(self) -> bool:
        """Whether there is no job, for sure."""
        return all(state.stage in ("new", "refused") for state in self.states())

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do: the result is written, all was abandoned, or a job ended without a result.

        What was not sent when that one ended never will be: it would be paid for and be of no use.
        """
        if (self.folder / RESULT).is_file() or self.is_abandoned:
            return True
        states = self.states()
        none_under_way = all(state.is_final or state.stage in ("new", "refused") for state in states)
        return none_under_way and any(state.has_no_result for state in states)

    @property
    def is_abandoned(self) -> bool:
        """Whether it was given up for a new run of the same request."""
        events = events_in(self.folder, self.n_chunks)
        return any(event is not None and event["stage"] == "abandoned" for event in events)

    @property
    def is_stuck(self) -> bool:
        """Whether no job is under way and something is damaged that no job can be sent, or no result made, without."""
        stages = {state.stage for state in self.states()}
        if stages & {"queued", "running", "sending"}:
            return False
        return bool(self.damaged()) or (bool(stages & {"new", "refused"}) and not self._has_programs)

    @property
    def _has_programs(self) -> bool:
        try:
            return bool(self.programs)
        except CorruptFileError:
            return False

    def abandon(self, message: str) -> bool:
        """Log that a new run takes the place of this one; return whether no other process was at work on it."""
        try:
            with self.lock.acquire(timeout=0):
                append(self.folder, {"stage": "abandoned", "message": message})
        except Timeout:
            return False
        return True

    def runs(self, programs: Sequence[Program], device: DeviceFacts) -> bool:
        """Return whether it executes these programs in the same jobs."""
        if self.intent.chunks != divided(programs, device):
            return False
        return self._has_programs and alike(self.programs, programs)

    @property
    def n_chunks(self) -> int:
        """How many jobs there are."""
        return len(self.intent.chunks)

    def append(self, chunk: int, stage: Stage, **facts: Any) -> None:
        """Log that a chunk is at a stage; on return the line is on disk. The lock must be held."""
        append(self.folder, {"chunk": chunk, "stage": stage, **facts})

    def states(self) -> list[ChunkState]:
        """Return where each chunk is, by the order of the lines; their times are for people only.

        A last line that breaks off was not on disk when its process died, so what it announces was not done. Any other
        line that cannot be read, or a log that does not begin where the run did, leaves open what was sent.
        """
        return replayed(events_in(self.folder, self.n_chunks), self.n_chunks)

    def store(self, chunk: int, job: str, outcomes: Sequence[Outcome], usage: float | None) -> None:
        """Write the outcomes of a chunk, and then that it is done. The lock must be held."""
        arrays = _named(outcomes)
        write_arrays(self._outcomes_of(chunk), arrays, {"job": job})
        self.append(chunk, "done", job=job, usage=usage, digest=digest(arrays))

    def restore(self, chunk: int, outcomes: Sequence[Outcome]) -> None:
        """Write the outcomes of a chunk again that is done. The lock must be held.

        Raises:
            CorruptFileError: they are not what they were when they were first fetched.
        """
        state, arrays, path = self.states()[chunk], _named(outcomes), self._outcomes_of(chunk)
        if digest(arrays) != state.digest:
            raise CorruptFileError(
                f"{path} is damaged, and job {state.job} gives other outcomes now than when they were fetched; "
                f"the command with --force runs it anew"
            )
        write_arrays(path, arrays, {"job": state.job})

    def set_aside(self, chunk: int, job: str, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes that are not what was asked for, so that nothing that was paid for is lost."""
        write_arrays(self.folder / f"unexpected-{chunk}.safetensors", _named(outcomes), {"job": job})

    def outcomes(self) -> list[Outcome]:
        """Return what each program measured; all chunks must be done.

        Raises:
            CorruptFileError: the outcomes on disk are not those that were fetched.
        """
        found: list[list[Outcome]] = [[] for _ in self.intent.forms]
        for number, pieces in enumerate(self.intent.chunks):
            arrays = self._fetched(number)
            for place, piece in enumerate(pieces):
                found[piece.program].append(arrays[f"outcome_{place}"])
        return [np.concatenate(parts) for parts in found]

    def damaged(self) -> list[int]:
        """Return the chunks that are done and whose outcomes are not on disk as they were fetched."""
        found = []
        for number, state in enumerate(self.states()):
            if state.stage == "done":
                try:
                    self._fetched(number)
                except CorruptFileError:
                    found.append(number)
        return found

    def usage(self) -> float | None:
        """Return the QPU seconds of all jobs; None where the service does not tell them all."""
        seconds = [state.usage for state in self.states() if state.stage == "done"]
        return sum(item for item in seconds if item is not None) if seconds and None not in seconds else None

    def _fetched(self, chunk: int) -> dict[str, Outcome]:
        """Return the outcomes of a chunk that is done; raises ``CorruptFileError`` where they are damaged."""
        state, path = self.states()[chunk], self._outcomes_of(chunk)
        assert state.stage == "done", f"chunk {chunk} is {state.stage}"
        if not path.is_file():
            raise CorruptFileError(f"{path} is missing; the outcomes of job {state.job} were there")
        arrays, _ = read_arrays(path)
        if digest(arrays) != state.digest:
            raise CorruptFileError(f"{path} does not hold the outcomes that were fetched from job {state.job}")
        return arrays

    def _outcomes_of(self, chunk: int) -> Path:
        return self.folder / f"outcomes-{chunk}.safetensors"


def journals(root: Path) -> list[Journal]:
    """Return the journals below ``root``, the oldest first."""
    found = []
    for folder in root.iterdir() if root.is_dir() else ():
        if has_intent(folder):
            journal = Journal(folder)
            try:
                found.append((journal.intent.created, journal.intent.uuid, journal))
            except CorruptFileError as error:
                warnings.warn(f"{error}; this hardware run is left out", QlabWarning, stacklevel=2)
    return [journal for *_, journal in sorted(found, key=lambda one: one[:2])]


def unreadable(root: Path) -> list[Path]:
    """Return the folders below ``root`` whose intent is damaged, or was changed."""
    found = []
    for folder in sorted(root.glob("*-*")):
        try:
            if has_intent(folder):
                read_intent(folder)
        except CorruptFileError:
            found.append(folder)
    return found


def journal_named(root: Path, name: str) -> Journal:
    """Return the journal whose uuid begins with ``name``, or one of whose jobs is called ``name``.

    Raises:
        UnknownNameError: there is none, or more than one.
        CorruptFileError: its intent is damaged.
    """
    for folder in root.glob("*-*") if name else ():
        if folder.name.startswith(name) and has_intent(folder):
            read_intent(folder)
    known = journals(root)
    fitting = [
        journal
        for journal in known
        if name and (journal.intent.uuid.startswith(name) or name in {state.job for state in journal.states()})
    ]
    if len(fitting) != 1:
        raise UnknownNameError("hardware run", name, (journal.intent.uuid for journal in fitting or known))
    return fitting[0]


def unfinished(root: Path, request: Mapping[str, Any]) -> Journal | None:
    """Return the newest journal of the same request that is not settled yet; None without one."""
    wanted = json.loads(json.dumps(request))
    for journal in reversed(journals(root)):
        if journal.intent.request == wanted and not journal.is_settled:
            return journal
    return None


def goes_on(root: Path, request: Mapping[str, Any], programs: Sequence[Program], device: DeviceFacts) -> Journal | None:
    """Return the unfinished journal of the same request, unless nothing of it was sent and its programs are others."""
    begun = unfinished(root, request)
    return None if begun is None or (begun.is_unsent and not begun.runs(programs, device)) else begun


def ended(root: Path, request: Mapping[str, Any]) -> list[Journal]:
    """Return the journals of the same request that ended without a result, the oldest first."""
    wanted = json.loads(json.dumps(request))
    return [
        journal
        for journal in journals(root)
        if journal.intent.request == wanted and journal.is_settled and not (journal.folder / RESULT).is_file()
    ]


def _named(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {f"outcome_{place}": array for place, array in enumerate(outcomes)}


def said_budget(seconds: float | None) -> str:
    """Return in words how many QPU seconds the jobs of a run may take together."""
    return "no limit" if seconds is None else f"at most {seconds:g} QPU seconds"
