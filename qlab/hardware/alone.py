"""One process at a time on one journal; who has to wait is told."""

from __future__ import annotations

from collections.abc import Callable

from filelock import Timeout

from qlab.errors import JobError
from qlab.hardware.journal import Journal
from qlab.progress import Progress

_LOCK_SECONDS = 600.0


def alone(journal: Journal, progress: Progress, step: Callable[[], None]) -> None:
    """Do ``step`` while no other process does one on the journal; what is simulated takes as long as it takes.

    Raises:
        JobError: another process has been at work on a job of a device for ten minutes.
    """
    try:
        journal.lock.acquire(timeout=0.2)
    except Timeout:
        progress.say("another process is at work on this hardware run; waiting for it")
        try:
            journal.lock.acquire(timeout=_LOCK_SECONDS if journal.intent.device.keeps_jobs else -1)
        except Timeout:
            raise JobError(
                f"another process has been at work on hardware run {journal.intent.uuid} for {_LOCK_SECONDS:.0f} s; "
                f"nothing was done"
            ) from None
    try:
        step()
    finally:
        journal.lock.release()
