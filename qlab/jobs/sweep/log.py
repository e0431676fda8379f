"""Progress as lines of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_pulse: ContextVar[Callable[[], None]] = ContextVar("called at every step", default=lambda: None)


@contextmanager
def pulse(called: Callable[[], None]) -> Iterator[None]:
    """While it lasts, call ``called`` at every step of work in this process; what it raises ends the work."""
    token = _pulse.set(called)
    try:
        yield
    finally:
        _pulse.reset(token)


class Log:
    """Writes what is said to a file; that it cannot be written is no reason to stop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` unchanged."""
        for item in items:
            _pulse.get()()
            yield item

    def say(self, message: str) -> None:
        """Write a line with the time."""
        self.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}  {message}\n")

    def write(self, text: str) -> None:
        """Write text."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
