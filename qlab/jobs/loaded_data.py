"""Data that were loaded and split, kept for the next run of a process that has many."""

from __future__ import annotations

from collections.abc import Callable

from qlab.data.dataset import Dataset
from qlab.data.splits import Splits

LARGEST = 2**29
Loaded = tuple[Dataset, Splits]


class LoadedData:
    """Keeps what is loaded while it is asked to, the oldest first to go beyond half a gibibyte of images."""

    def __init__(self) -> None:
        self._is_kept = False
        self._kept: dict[str, Loaded] = {}

    def keep(self) -> None:
        """Keep from now on what is loaded."""
        self._is_kept = True

    def forget(self) -> None:
        """Let go of what was kept, and keep no more."""
        self._is_kept = False
        self._kept.clear()

    def find(self, key: Callable[[], str], load: Callable[[], Loaded]) -> Loaded:
        """Return what was kept under ``key``, or what ``load`` returns; where nothing is kept, no key is made."""
        if not self._is_kept:
            return load()
        wanted = key()
        if wanted not in self._kept:
            self._kept[wanted] = load()
            while len(self._kept) > 1 and sum(dataset.images.nbytes for dataset, _ in self._kept.values()) > LARGEST:
                del self._kept[next(iter(self._kept))]
        return self._kept[wanted]


LOADED = LoadedData()
"""That of this process."""
