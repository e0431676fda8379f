"""Progress on standard error: a bar with the time left in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import suppress
from typing import TypeVar

from qlab.cli.interrupt import raise_if_swallowed
from qlab.progress import Progress

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0


def for_standard_error() -> Progress:
    """Return what suits where standard error goes."""
    return Bars() if sys.stderr.isatty() else Lines()


class Lines:
    """Plain lines, at most one every few seconds for each piece of work."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items``; say from time to time how many are done and how long the rest will take."""
        total = _length(items, total)
        started = last = time.monotonic()
        for done, item in enumerate(items):
            now = time.monotonic()
            raise_if_swallowed()
            if done and now - last >= SECONDS_BETWEEN_LINES:
                last = now
                left = f", {(now - started) / done * (total - done):.0f} s left" if total else ""
                self.say(f"{label}: {done}{f' of {total}' if total else ''}{left}")
            yield item

    def say(self, message: str) -> None:
        """Print a line; that nobody can read it is no reason to stop."""
        with suppress(OSError):
            print(message, file=sys.stderr, flush=True)


class Bars:
    """A bar per piece of work, with lines above it."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` under a bar with the time left."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            for item in bars.track(items, total=_length(items, total), description=label):
                raise_if_swallowed()
                yield item

    def say(self, message: str) -> None:
        """Print a line above the bar."""
        self._console.print(message, markup=False, soft_wrap=True)


def _length(items: Iterable[T], total: int | None) -> int | None:
    return len(items) if total is None and isinstance(items, Sized) else total
