"""Forward interval propagation: which integers a pre-activation can be, and the bits that say which one it is.

Section 3 of arXiv:2506.18240 as its abstract has it; the digits are a construction of our own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """The integers ``low``, ``low + step``, ..., ``high``; a single one has ``step`` 0."""

    low: int
    high: int
    step: int

    @property
    def count(self) -> int:
        """Return how many integers there are."""
        return (self.high - self.low) // self.step + 1 if self.step else 1

    @staticmethod
    def around(values: Integers) -> Grid:
        """Return the coarsest grid with all of these values."""
        low = int(values.min())
        return Grid(low, int(values.max()), math.gcd(*(int(value) - low for value in values.flat)))

    def contains(self, values: Integers) -> bool:
        """Return whether all of these values lie on the grid."""
        inside = (values >= self.low) & (values <= self.high)
        return bool(np.all(inside & ((values - self.low) % max(self.step, 1) == 0)))

    def times(self, other: Grid) -> Grid:
        """Return the coarsest grid known to have all products with values of another grid."""
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        step = math.gcd(self.step * other.low, other.step * self.low, self.step * other.step)
        return Grid(min(corners), max(corners), step)

    def plus(self, other: Grid) -> Grid:
        """Return the grid of all sums with values of another grid."""
        return Grid(self.low + other.low, self.high + other.high, math.gcd(self.step, other.step))

    def scaled(self, factor: int) -> Grid:
        """Return the grid of ``factor`` >= 0 times its values."""
        return Grid(self.low * factor, self.high * factor, self.step * factor)


@dataclass(frozen=True)
class Digits:
    """Intervals of 2^T steps each, and the place within them: z = start + step (2^T interval + remainder).

    The interval is told by one bit for each but the first, of which at most one is set; the remainder by T bits.

    Attributes:
        start: the first integer of interval 0.
        step: distance of neighbouring integers.
        n_intervals: I, how many can be reached.
        n_remainder_bits: T.
    """

    start: int
    step: int
    n_intervals: int
    n_remainder_bits: int

    @property
    def n_bits(self) -> int:
        """Return the number of bits: I - 1 + T."""
        return self.n_intervals - 1 + self.n_remainder_bits

    @property
    def width(self) -> int:
        """Return the width of an interval: h = 2^T step."""
        return self.step << self.n_remainder_bits

    @property
    def firsts(self) -> Integers:
        """Return the first integer of each interval (I,)."""
        return self.start + self.width * np.arange(self.n_intervals)

    @property
    def lasts(self) -> Integers:
        """Return the last integer of each interval (I,)."""
        return self.firsts + self.width - self.step

    def split(self, z: Integers) -> tuple[Integers, Integers]:
        """Return interval and remainder of integers, in the shape of ``z``."""
        steps = (z - self.start) // self.step
        return steps >> self.n_remainder_bits, steps & ((1 << self.n_remainder_bits) - 1)

    def bits(self, z: Integers) -> Integers:
        """Return the bits (..., n_bits) of integers: intervals 1, 2, ..., then the remainder, lowest bit first."""
        interval, remainder = self.split(z)
        hot = interval[..., None] == np.arange(1, self.n_intervals)
        binary = remainder[..., None] >> np.arange(self.n_remainder_bits) & 1
        return np.concatenate([hot.astype(np.int64), binary], axis=-1)


def propagate(inputs: Grid, n_inputs: int, weights: Grid, bias: Grid) -> Grid:
    """Return the grid of pre-activations of a neuron with ``n_inputs`` inputs; ``bias`` is in the same unit."""
    products = inputs.times(weights)
    total = Grid(n_inputs * products.low, n_inputs * products.high, products.step)
    return total.plus(bias)


def divide(grid: Grid, n_intervals: int) -> Digits:
    """Return the digits of a grid: at most ``n_intervals`` intervals, as narrow as they can be, about zero.

    For an even number of intervals one of them begins at the first integer >= 0, so that a step there is exact.
    Intervals that cannot be reached are left out.
    """
    step = max(grid.step, 1)
    below = min(max(-(grid.low // step), 0), grid.count)  # how many of its integers are negative
    n_bits = 0
    while (half := (n_intervals << n_bits) // 2) < below or (n_intervals << n_bits) - half < grid.count - below:
        n_bits += 1
    first = (half - below) >> n_bits
    last = (half - below + grid.count - 1) >> n_bits
    start = grid.low + step * (below - half) + first * (step << n_bits)
    return Digits(start, step, last - first + 1, n_bits)
