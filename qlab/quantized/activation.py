"""Activations and losses as polynomials of degree 0 or 1 on the intervals of a pre-activation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.intervals import Digits, Grid, Integers
from qlab.quantized.spline import Floats, Function


@dataclass(frozen=True, eq=False)
class Pieces:
    """In interval i the value is ``values[i] + slopes[i] * remainder``; both have the shape (I,)."""

    values: Floats
    slopes: Floats

    def at(self, interval: Integers, remainder: Integers) -> Floats:
        """Return the values, in the shape of ``interval``."""
        return self.values[interval] + self.slopes[interval] * remainder


def pieces(function: Function, digits: Digits, unit: float, degree: int) -> Pieces:
    """Return ``function`` of ``unit`` times the integers of each interval.

    Degree 0 takes the value in the middle of an interval, degree 1 the line through its first and last integer.

    Raises:
        OptionError: another degree, of which no quadratic form can be made.
    """
    ends = np.asarray(unit * np.stack([digits.firsts, digits.lasts]), dtype=np.float64)  # (2, I)
    if degree == 0:
        return Pieces(function(ends.mean(axis=0)), np.zeros(digits.n_intervals))
    if degree == 1:
        steps = (1 << digits.n_remainder_bits) - 1
        return Pieces(function(ends[0]), (function(ends[1]) - function(ends[0])) / max(steps, 1))
    raise OptionError(f"a quadratic model takes pieces of degree 0 or 1, not {degree}")


@dataclass(frozen=True)
class Activation:
    """An activation function, rounded to whole numbers.

    Attributes:
        function: of the pre-activation.
        n_intervals: into how many intervals the pre-activation is divided.
        degree: 0 or 1, of the pieces.
        resolution: 1 is this many units of the rounded values.
        gain: what the pre-activation is multiplied by.
    """

    function: Function
    n_intervals: int
    degree: int = 0
    resolution: int = 1
    gain: float = 1.0

    def __post_init__(self) -> None:
        if self.n_intervals < 1 or self.resolution < 1 or self.degree not in (0, 1):
            raise OptionError(
                f"an activation needs n_intervals >= 1, resolution >= 1 and degree 0 or 1, "
                f"not {self.n_intervals}, {self.resolution} and {self.degree}"
            )

    def table(self, digits: Digits, unit: float) -> Pieces:
        """Return values and slopes, whole numbers, for pre-activations that count in ``unit``."""
        exact = pieces(self.function, digits, self.gain * unit, self.degree)
        return Pieces(np.rint(self.resolution * exact.values), np.rint(self.resolution * exact.slopes))

    def outputs(self, digits: Digits, unit: float) -> Grid:
        """Return the grid of the rounded values."""
        table = self.table(digits, unit)
        remainders = np.array([0, (1 << digits.n_remainder_bits) - 1])
        ends = table.values[:, None] + table.slopes[:, None] * remainders  # (I, 2)
        if not table.slopes.any():
            return Grid.around(ends.astype(np.int64))
        every = table.values[:, None] + table.slopes[:, None] * np.arange(remainders[1] + 1)
        return Grid.around(every.astype(np.int64))


def sign() -> Activation:
    """Return the sign, +1 at zero: two intervals, exact."""
    return Activation(_sign, 2)


def relu(resolution: int = 1) -> Activation:
    """Return max(0, z): two intervals of degree 1, exact at resolution 1."""
    return Activation(_relu, 2, degree=1, resolution=resolution)


def tanh(n_intervals: int = 4, degree: int = 0, resolution: int = 4, gain: float = 1.0) -> Activation:
    """Return the tanh of ``gain`` z in ``n_intervals`` intervals, rounded to 1 / ``resolution``."""
    return Activation(np.tanh, n_intervals, degree, resolution, gain)


@dataclass(frozen=True)
class Loss:
    """A loss as a function of the output z and the wanted sign y, -1 or 1.

    Attributes:
        function: of z and y.
        n_intervals: into how many intervals the output is divided.
        degree: 0 or 1, of the pieces.
    """

    function: Callable[[Floats, int], Floats]
    n_intervals: int
    degree: int

    def table(self, digits: Digits, unit: float, target: int) -> Pieces:
        """Return values and slopes for outputs that count in ``unit`` where the sign ``target`` is wanted."""
        return pieces(lambda z: self.function(z, target), digits, unit, self.degree)


def error() -> Loss:
    """Return the 0/1 loss: 1 where the output has the wrong sign; 0 counts as positive."""
    return Loss(_error, 2, 0)


def hinge(n_intervals: int = 4, margin: float = 1.0) -> Loss:
    """Return max(0, 1 - y z / margin) as lines on ``n_intervals`` intervals."""
    return Loss(_hinge(margin), n_intervals, 1)


ACTIVATIONS: dict[str, Callable[[], Activation]] = {"sign": sign, "relu": relu, "tanh": tanh}
LOSSES: dict[str, Callable[[], Loss]] = {"error": error, "hinge": hinge}


def _sign(z: Floats) -> Floats:
    return np.where(z >= 0, 1.0, -1.0)


def _relu(z: Floats) -> Floats:
    return np.maximum(z, 0.0)


def _error(z: Floats, target: int) -> Floats:
    return np.where((z >= 0) == (target > 0), 0.0, 1.0)


def _hinge(margin: float) -> Callable[[Floats, int], Floats]:
    return lambda z, target: np.maximum(0.0, 1 - target * z / margin)
