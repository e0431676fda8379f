"""Random numbers: a stream for each sample, which does not depend on the batch that the sample is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Seed = int | Sequence[int]
Samples = int | Sequence[int]
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]

_PIECE = 1024  # trajectories of a sample that are drawn at once: part of what a seed stands for
_ROWS = 4096  # trajectories that are drawn at once


def streams(seed: Seed, samples: Samples, count: int) -> list[np.random.Generator]:
    """Return the streams of ``count`` samples; see ``sequences``."""
    return [np.random.default_rng(sequence) for sequence in sequences(seed, samples, count)]


def sequences(seed: Seed, samples: Samples, count: int) -> list[np.random.SeedSequence]:
    """Return seeds of ``count`` samples by their numbers; one number is the first one's, others follow."""
    numbers = range(samples, samples + count) if isinstance(samples, int) else samples
    return [np.random.SeedSequence(seed, spawn_key=(number,)) for number in numbers]


@dataclass(frozen=True, eq=False)
class Rows:
    """R trajectories of some samples, sorted by sample, in S pieces.

    Attributes:
        samples: (S,), of which sample of the batch each piece is.
        counts: (S,), how many trajectories each piece has.
        generators: (S,), a stream for each.
    """

    samples: NDArray[np.int64]
    counts: NDArray[np.int64]
    generators: Sequence[np.random.Generator]

    @property
    def owners(self) -> NDArray[np.int64]:
        """The sample (R,) of each trajectory."""
        return np.repeat(self.samples, self.counts)

    def draw(self, some: Draw) -> NDArray[np.float64]:
        """Return what ``some(generator, count)`` draws, one row per trajectory: (R, ...)."""
        return self.draw_for(self.counts, some)

    def draw_for(self, counts: NDArray[np.int64], some: Draw) -> NDArray[np.float64]:
        """Return the same for other numbers (S,) of rows."""
        pairs = zip(self.generators, counts.tolist(), strict=True)
        return np.concatenate([some(generator, count) for generator, count in pairs])


def portions(counts: NDArray[np.int64], generators: Sequence[np.random.Generator]) -> Iterator[Rows]:
    """Yield ``counts`` (B,) trajectories of each sample in portions of a bounded number.

    How a sample's trajectories are cut does not depend on the other samples, and each piece has a stream of its own.
    """
    pieces: list[tuple[int, int]] = []
    gathered = 0
    for sample, count in enumerate(counts.tolist()):
        for start in range(0, count, _PIECE):
            size = min(_PIECE, count - start)
            if gathered + size > _ROWS:
                yield _rows(pieces, generators)
                pieces, gathered = [], 0
            pieces.append((sample, size))
            gathered += size
    if pieces:
        yield _rows(pieces, generators)


def _rows(pieces: list[tuple[int, int]], generators: Sequence[np.random.Generator]) -> Rows:
    samples, counts = np.array(pieces, np.int64).T
    return Rows(samples, counts, [generators[sample].spawn(1)[0] for sample, _ in pieces])
