"""How long work reports itself, without knowing who listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """A listener: a terminal with bars, a log with lines, or nobody."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` one by one and report how far the work named ``label`` is."""
        ...

    def say(self, message: str) -> None:
        """Report one line."""
        ...


class Silent:
    """Listens to nothing."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` unchanged."""
        yield from items

    def say(self, message: str) -> None:
        """Drop the message."""
