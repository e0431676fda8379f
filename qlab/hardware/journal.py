"""The folder of one hardware run: its intent, an append-only log of what happened, and the outcomes.

Every line of the log is on disk before what it announces is done, so that a process that dies at any point leaves
behind either no word of a job or the tag to find it with.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from filelock import FileLock

from qlab.arrays import digest, read_arrays, write_arrays
from qlab.errors import CorruptFileError, QlabWarning, RequestError, UnknownNameError
from qlab.hardware.intent import Intent, has_intent, limited, read_intent, read_programs, write_intent
from qlab.hardware.program import Outcome, Program
from qlab.hardware.redaction import redact
from qlab.hardware.service import FINAL, DeviceFacts, Phase, RunOptions

Stage = Literal["new", "sending", "refused"] | Phase
"""Where a chunk is: ``new`` and ``refused`` have no job, ``sending`` has perhaps one, the others have one for sure."""

RESULT = "result.json"
_EVENTS, _LOCK = "events.jsonl", ".lock"
_STAGES = frozenset(get_args(Phase)) | {"new", "sending", "refused"}


@dataclass(frozen=True)
class ChunkState:
    """Where a chunk is, by the log.

    Attributes:
        stage: the last three are final; see ``Stage``.
        job: the service's id of its job; None without one.
        message: the last word of the service.
        usage: QPU seconds, once it has ended and where they are told.
        digest: of its outcomes, once it is done.
    """

    stage: Stage = "new"
    job: str | None = None
    message: str = ""
    usage: float | None = None
    digest: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether it stays so for ever."""
        return self.stage in FINAL


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
    ) -> Journal:
        """Return the unfinished journal of the same request below ``root``, else a new one; see ``write_intent``.

        Of two processes that ask for the same at once, one writes the intent and both get it.
        """
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / _LOCK):
            begun = unfinished(root, request)
            if begun is not None:
                return begun
            folder, _ = write_intent(root, programs, device, options, request)
            return cls(folder)

    @cached_property
    def intent(self) -> Intent:
        """What is about to be sent, or was."""
        return read_intent(self.folder)

    @cached_property
    def programs(self) -> list[Program]:
        """The programs, whole."""
        return read_programs(self.folder, self.intent)

    def limit(self, max_execution_time: int | None) -> None:
        """Let every job take so many QPU seconds, or any number, where none was sent yet.

        Raises:
            RequestError: a job was sent, or perhaps was, under another limit.
        """
        with self.lock:
            known = read_intent(self.folder)
            if known.options.max_execution_time == max_execution_time:
                return
            if self.intent.device.keeps_jobs and not self.is_unsent:
                began = known.options.max_execution_time
                raise RequestError(
                    f"hardware run {known.uuid} was sent with {_said(began)} and cannot get {_said(max_execution_time)}"
                    f": repeat the command without --max-qpu-seconds, or end it with qlab hw-run cancel {known.uuid}"
                )
            self.__dict__["intent"] = limited(self.folder, known, max_execution_time)

    def chunk(self, number: int) -> list[Program]:
        """Return the programs of one job, with the rows that it executes."""
        return [
            replace(self.programs[piece.program], values=self.programs[piece.program].values[piece.start : piece.stop])
            for piece in self.intent.chunks[number]
        ]

    @cached_property
    def is_continued(self) -> bool:
        """Whether something had happened before this process opened the journal, so that there may be jobs of it."""
        return (self.folder / _EVENTS).exists()

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
        """Whether nothing is left to do: all is done and the result is written, or a job failed or was cancelled."""
        done = all(state.stage == "done" for state in self.states())
        return self.is_ended and (not done or (self.folder / RESULT).is_file())

    @property
    def n_chunks(self) -> int:
        """How many jobs there are."""
        return len(self.intent.chunks)

    def append(self, chunk: int, stage: Stage, **facts: Any) -> None:
        """Log that a chunk is at a stage; on return the line is on disk. The lock must be held."""
        event = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "chunk": chunk, "stage": stage, **facts}
        line = redact(json.dumps(event, ensure_ascii=False, allow_nan=False)).encode() + b"\n"
        path = self.folder / _EVENTS
        is_new = not path.exists()
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a line that a dying machine did not finish
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync(self.folder)

    def states(self) -> list[ChunkState]:
        """Return where each chunk is, by the order of the lines; their times are for people only.

        A line that is no JSON was not on disk when its process died, so what it announces was not done.
        """
        states = [ChunkState() for _ in range(self.n_chunks)]
        for event in self._events():
            number = event["chunk"]
            if not states[number].is_final:
                states[number] = _after(states[number], event)
        return states

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
        found: list[list[Outcome]] = [[] for _ in self.programs]
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

    def _events(self) -> list[dict[str, Any]]:
        path = self.folder / _EVENTS
        events = []
        for line in path.read_bytes().split(b"\n") if path.exists() else []:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if (
                isinstance(event, dict)
                and _is_chunk(event.get("chunk"), self.n_chunks)
                and event.get("stage") in _STAGES
            ):
                events.append(event)
        return events


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


def ended(root: Path, request: Mapping[str, Any]) -> Journal | None:
    """Return the newest journal of the same request, where a job of it failed or was cancelled; else None."""
    wanted = json.loads(json.dumps(request))
    same = [journal for journal in journals(root) if journal.intent.request == wanted]
    if not same or not same[-1].is_settled or all(state.stage == "done" for state in same[-1].states()):
        return None
    return same[-1]


def _after(state: ChunkState, event: Mapping[str, Any]) -> ChunkState:
    """Return where a chunk is after an event."""
    known = {name: event[name] for name in ("job", "message", "usage", "digest") if name in event}
    if event["stage"] in ("sending", "refused"):
        known["job"] = None
    return replace(state, **{"message": "", **known, "stage": event["stage"]})


def _is_chunk(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _named(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {f"outcome_{place}": array for place, array in enumerate(outcomes)}


def _said(seconds: int | None) -> str:
    return "no limit" if seconds is None else f"at most {seconds} QPU seconds for each job"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
