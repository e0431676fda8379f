"""How far a training or an evaluation came, in a file of its own; one that is done needs none, its record says so."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from qlab.files import write_json

BEGUN, FAILED, DIVERGED, LOST = "begun", "failed", "diverged", "lost"
MOST_DEATHS = 3


@dataclass(frozen=True)
class State:
    """What is known of work that is not done.

    Attributes:
        state: ``begun``; ``failed``, it raised an error; ``diverged``, that of a loss that is not finite; or
            ``lost``, its process ended and did so again.
        session: of the sweep that wrote it.
        deaths: how often before its process ended in the middle, one time after the other without getting further.
        error: what went wrong, one line.
        passing: what went wrong is likely to be gone next time, such as a full disk.
        in_process: whether the process of the sweep does the work itself, so that it dies of it.
    """

    state: str
    session: str
    deaths: int = 0
    error: str = ""
    passing: bool = False
    in_process: bool = False


def read(path: Path) -> State | None:
    """Return the state in a file; None where there is none that can be read."""
    try:
        return State(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, state: State | None) -> None:
    """Write a state, whole or not at all; None removes it."""
    if state is None:
        path.unlink(missing_ok=True)
    else:
        write_json(path, dataclasses.asdict(state))


def begin(path: Path, session: str, checkpoint: Path, *, in_process: bool) -> State | None:
    """Mark work as begun; return what was known of it before."""
    before = read(path)
    write(path, State(BEGUN, session, deaths(path, checkpoint), in_process=in_process))
    return before


def deaths(path: Path, checkpoint: Path) -> int:
    """Return how often the process of a sweep ended while it did the work itself, the last time included.

    A process that was ended from outside, at the end of its time on a cluster, say, is not its work's fault: where
    ``checkpoint`` was written after the work was begun, it goes on, and earlier deaths do not count. Nor does the end
    of a sweep whose work is done by others: a worker that dies of its work leaves the sweep alive, to say it is lost.
    """
    known = read(path)
    if known is None or known.state != BEGUN or _got_further(path, checkpoint):
        return 0
    return known.deaths + known.in_process


def _got_further(path: Path, checkpoint: Path) -> bool:
    try:
        return checkpoint.stat().st_mtime_ns > path.stat().st_mtime_ns
    except OSError:
        return False


def take_back(path: Path, session: str) -> None:
    """Forget that ``session`` began the work, which was interrupted on purpose."""
    known = read(path)
    if known is not None and known.state == BEGUN and known.session == session:
        write(path, State(BEGUN, "", known.deaths) if known.deaths else None)
