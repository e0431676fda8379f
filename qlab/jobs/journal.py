"""Progress that is also written to the run's log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from qlab.progress import Progress
from qlab.records.store import RunFolder

T = TypeVar("T")


class Journal:
    """Passes progress on, and logs every line: to memory until there is a folder, then to its log."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: list[str] = []
        self._folder: RunFolder | None = None

    def open(self, folder: RunFolder) -> None:
        """Write to the log of ``folder`` from now on, beginning with what was said before."""
        self._folder = folder
        for line in self._lines:
            folder.append_log(line)

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` and pass their progress on."""
        yield from self._progress.track(items, label, total)

    def say(self, message: str) -> None:
        """Log a line and pass it on."""
        line = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}  {message}"
        if self._folder is None:
            self._lines.append(line)
        else:
            self._folder.append_log(line)
        self._progress.say(message)
