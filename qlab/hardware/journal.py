"""The folder of one hardware run: its intent, an append-only log of what happened, and the counts.

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
from qlab.errors import CorruptFileError, QlabWarning, UnknownNameError
from qlab.hardware.intent import Intent, has_intent, read_intent, read_programs, write_intent
from qlab.hardware.program import Counts, Program
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
        usage: QPU seconds, once it is done and where they are told.
        digest: of its counts, once it is done.
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
    def is_settled(self) -> bool:
        """Whether nothing is left to do: all is done and the result is written, or a job failed or was cancelled."""
        stages = {state.stage for state in self.states()}
        ended = all(stage in FINAL for stage in stages)
        return ended and (stages != {"done"} or (self.folder / RESULT).is_file())

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

    def store(self, chunk: int, job: str, counts: Sequence[Counts], usage: float | None) -> None:
        """Write the counts of a chunk, and then that it is done. The lock must be held."""
        arrays = _named(counts)
        write_arrays(self._counts_of(chunk), arrays, {"job": job})
        self.append(chunk, "done", job=job, usage=usage, digest=digest(arrays))

    def set_aside(self, chunk: int, job: str, counts: Sequence[Counts]) -> None:
        """Write counts that are not what was asked for, so that nothing that was paid for is lost."""
        write_arrays(self.folder / f"unexpected-{chunk}.safetensors", _named(counts), {"job": job})

    def counts(self) -> list[Counts]:
        """Return what each program measured; all chunks must be done.

        Raises:
            CorruptFileError: the counts on disk are not those that were fetched.
        """
        found: list[list[Counts]] = [[] for _ in self.programs]
        for number, (pieces, state) in enumerate(zip(self.intent.chunks, self.states(), strict=True)):
            assert state.stage == "done", f"chunk {number} is {state.stage}"
            path = self._counts_of(number)
            if not path.is_file():
                raise CorruptFileError(f"{path} is missing; the counts of job {state.job} were there")
            arrays, _ = read_arrays(path)
            if digest(arrays) != state.digest:
                raise CorruptFileError(f"{path} does not hold the counts that were fetched from job {state.job}")
            for place, piece in enumerate(pieces):
                found[piece.program].append(arrays[f"counts_{place}"].astype(np.uint8, copy=False))
        return [np.concatenate(parts) for parts in found]

    def usage(self) -> float | None:
        """Return the QPU seconds of all jobs; None where the service does not tell them all."""
        seconds = [state.usage for state in self.states() if state.stage == "done"]
        return sum(item for item in seconds if item is not None) if seconds and None not in seconds else None

    def _counts_of(self, chunk: int) -> Path:
        return self.folder / f"counts-{chunk}.safetensors"

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


def journal_named(root: Path, name: str) -> Journal:
    """Return the journal whose uuid begins with ``name``, or one of whose jobs is called ``name``.

    Raises:
        UnknownNameError: there is none, or more than one.
    """
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


def _after(state: ChunkState, event: Mapping[str, Any]) -> ChunkState:
    """Return where a chunk is after an event."""
    known = {name: event[name] for name in ("job", "message", "usage", "digest") if name in event}
    if event["stage"] in ("sending", "refused"):
        known["job"] = None
    return replace(state, **{"message": "", **known, "stage": event["stage"]})


def _is_chunk(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _named(counts: Sequence[Counts]) -> dict[str, Counts]:
    return {f"counts_{place}": array for place, array in enumerate(counts)}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
