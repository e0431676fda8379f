"""Which errors happen in a trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qlab.engine.trajectories.streams import Rows

Bits = NDArray[np.uint8]

_CERTAIN = 60.0  # hazard of what always happens; it stays out with a probability below 1e-26


class Events:
    """Independent places in a circuit, at each of which one of some events happens, or none.

    An event stands for the bits that it flips. Events are numbered place by place, and lie behind each other on an axis
    such that the distances between those that happen are exponentially distributed: a place without an event of
    probability p takes -log(1 - p) of it.

    Attributes:
        n_bits: of an event.
        quiet: probability that no event happens at any place.
    """

    def __init__(self, places: Sequence[Mapping[int, float]], n_bits: int) -> None:
        """Take for each place the probabilities of its events, by the number whose bits they flip."""
        ends, next_places, flips = [], [], []
        start = 0.0
        for place in places:
            happening = 0.0
            for event, probability in place.items():
                happening += probability
                ends.append(start + _hazard(happening))
                flips.append(event)
            next_places += [start + _hazard(happening)] * len(place)
            start += _hazard(happening)
        self.n_bits, self.quiet = n_bits, float(np.exp(-start))
        self._length = start
        self._ends = np.array(ends)  # (N,), where an event's stretch of the axis ends
        self._next_places = np.array(next_places)  # (N,), where the next place begins
        size = -(-n_bits // 8)
        packed = b"".join(event.to_bytes(size, "little") for event in flips)
        self._flips = np.frombuffer(packed, np.uint8).reshape(len(flips), size)

    def draw(self, rows: Rows) -> Bits:
        """Return the bits (R, n_bits) that are flipped in trajectories in which at least one event happens."""
        missing = -np.expm1(-self._length)
        position = -np.log1p(-missing * rows.draw(_uniform))  # exponential, cut off at the end of the axis
        owners = np.repeat(np.arange(len(rows.counts)), rows.counts)
        alive = np.arange(len(owners))
        flipped = np.zeros((len(owners), self._flips.shape[1]), np.uint8)
        while len(alive):
            events = np.searchsorted(self._ends[:-1], position, side="right")
            flipped[alive] ^= self._flips[events]
            counts = np.bincount(owners[alive], minlength=len(rows.counts))
            position = self._next_places[events] + rows.draw_for(counts, _exponential)
            going_on = position < self._length
            alive, position = alive[going_on], position[going_on]
        return np.unpackbits(flipped, axis=1, count=self.n_bits, bitorder="little")


def _hazard(probability: float) -> float:
    return min(-float(np.log1p(-probability)), _CERTAIN) if probability < 1 else _CERTAIN


def _uniform(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    return generator.random(count)


def _exponential(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    return generator.standard_exponential(count)
