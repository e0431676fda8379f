"""Small labelled images, and what an encoder needs to be fitted on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from qlab.data.dataset import Dataset
from qlab.encoders.encoder import FitContext
from qlab.progress import Progress, Silent

T = TypeVar("T")


def stripes(count: int, *, seed: int, side: int = 12, channels: int = 1) -> Dataset:
    """Noisy vertical stripes at a random phase; class 0 has two periods in the image, class 1 four."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    periods = 2.0 * (1 + labels)
    position = np.arange(side) / side
    phase = rng.uniform(0, 2 * np.pi, size=(count, 1))
    rows = 0.5 + 0.4 * np.sin(2 * np.pi * periods[:, None] * position + phase)
    images = rows[:, None, None, :] + rng.normal(0, 0.05, size=(count, channels, side, side))
    return Dataset("stripes", "synthetic", images.astype(np.float32), labels, ("two", "four"), None, {"seed": seed})


def context(folder: Path, *, seed: int = 1000, channels: int = 1, progress: Progress | None = None) -> FitContext:
    """What an encoder may use: stripes of another seed as the source set, ``folder`` as the cache."""
    return FitContext(
        source=lambda size: stripes(size, seed=seed, channels=channels),
        cache=folder,
        progress=progress or Silent(),
    )


@dataclass
class Listener:
    """Remembers what was said."""

    messages: list[str] = field(default_factory=list)

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        yield from items

    def say(self, message: str) -> None:
        self.messages.append(message)
