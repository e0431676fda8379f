"""What happened to a hardware run, line by line, each on disk before what it announces is done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from qlab.hardware.redaction import redact
from qlab.hardware.service import FINAL, Phase

Stage = Literal["new", "sending", "refused"] | Phase
"""Where a chunk is: ``new`` and ``refused`` have no job, ``sending`` has perhaps one, the others have one for sure."""


_EVENTS = "events.jsonl"
_STAGES = frozenset(get_args(Phase)) | {"new", "sending", "refused"}
_WITH_JOB = frozenset({"queued", "running", "done"})
_OF_ALL = frozenset({"begun", "abandoned"})  # what happens to a run as a whole, not to one of its chunks
_KINDS: dict[str, tuple[type, ...]] = {
    "job": (str, type(None)),
    "message": (str,),
    "usage": (int, float, type(None)),
    "digest": (str, type(None)),
}


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

    @property
    def has_no_result(self) -> bool:
        """Whether its job ended without one, for ever."""
        return self.stage in ("failed", "cancelled")


def events_in(folder: Path, chunks: int) -> list[dict[str, Any] | None]:
    """Return what happened to a run of so many chunks, in order; None where that is lost.

    A last line that breaks off was not on disk when its process died, so what it announces was not done. Of any other
    line that cannot be read, and of a log that does not begin where the run did, nobody knows what it said.
    """
    path = folder / _EVENTS
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    events = [_event(line, chunks) for line in lines if line.strip()]
    if lines and lines[-1].strip() and events[-1] is None:
        events.pop()
    is_begun = bool(events) and events[0] is not None and events[0]["stage"] == "begun"
    return events if is_begun else [None, *events]


def replayed(events: Sequence[Mapping[str, Any] | None], chunks: int) -> list[ChunkState]:
    """Return where each chunk is after the events; where one is lost, what was not sent before was perhaps sent."""
    states = [ChunkState() for _ in range(chunks)]
    for event in events:
        if event is None:
            states = [_in_doubt(state) for state in states]
        elif "chunk" in event and not states[event["chunk"]].is_final:
            states[event["chunk"]] = _after(states[event["chunk"]], event)
    return states


def _after(state: ChunkState, event: Mapping[str, Any]) -> ChunkState:
    """Return where a chunk is after an event."""
    known = {name: event[name] for name in ("job", "message", "usage", "digest") if name in event}
    if event["stage"] in ("sending", "refused"):
        known["job"] = None
    return replace(state, **{"message": "", **known, "stage": event["stage"]})


def _in_doubt(state: ChunkState) -> ChunkState:
    """Return where a chunk is when something is lost that may have happened: it was perhaps sent."""
    return replace(state, stage="sending", job=None) if state.stage in ("new", "refused") else state


def _event(line: bytes, chunks: int) -> dict[str, Any] | None:
    """Return what a line of the log says; None where it is damaged."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("stage"), str):
        return None
    stage = event["stage"]
    if stage in _OF_ALL:
        return {"stage": stage}
    is_whole = stage in _STAGES and _is_chunk(event.get("chunk"), chunks)
    is_whole &= all(isinstance(event.get(name, kinds[-1]()), kinds) for name, kinds in _KINDS.items())
    is_whole &= event.get("job") is not None or stage not in _WITH_JOB
    is_whole &= event.get("digest") is not None or stage != "done"
    return event if is_whole else None


def open_log(folder: Path) -> None:
    """Begin the log of a new run; without this line it counts as lost."""
    append(folder, {"stage": "begun"})


def append(folder: Path, event: Mapping[str, Any]) -> None:
    """Write a line to the log; on return it is on disk. The lock of the run must be held."""
    said = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}
    line = redact(json.dumps(said, ensure_ascii=False, allow_nan=False)).encode() + b"\n"
    path = folder / _EVENTS
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
        _sync(folder)


def _is_chunk(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
