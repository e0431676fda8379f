"""One task after the other, in this process."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from qlab.launchers.base import Answer, Work


class Serial:
    """Needs no worker; a task that kills the process kills everything, and the next command goes on from there."""

    workers = 1

    def __init__(self, *, threads: int | None) -> None:
        self.threads = threads

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Answer, None, None]:
        """Yield the answers in the order of ``arguments``."""
        for position, argument in enumerate(arguments):
            yield Answer(position, work(argument))
