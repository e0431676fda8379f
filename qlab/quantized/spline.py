"""Splines on equal intervals, and how far from their function they can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate

from qlab.errors import OptionError

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]
_POINTS = 33  # in every interval, for maxima and integrals


@dataclass(frozen=True, eq=False)
class Spline:
    """A function in pieces of polynomials on equal intervals.

    Attributes:
        low: lower end.
        high: upper end.
        n_intervals: number of pieces.
        degree: of the polynomials: 0 takes the value in the middle of each interval, higher ones go through the
            function at the ends of the intervals and are differentiable ``degree`` - 1 times.
    """

    low: float
    high: float
    n_intervals: int
    degree: int
    _piecewise: Any

    @staticmethod
    def of(function: Function, low: float, high: float, n_intervals: int, degree: int) -> Spline:
        """Return the spline of a function between ``low`` and ``high``.

        Raises:
            OptionError: an empty range, no interval, a negative degree, or fewer intervals than the degree.
        """
        _check(low, high, n_intervals, degree)
        return Spline(
            low, high, n_intervals, degree, _through(function, _sites(low, high, n_intervals, degree), degree)
        )

    def __call__(self, x: ArrayLike) -> Floats:
        """Return its values at ``x``; outside of the range those of the first or last polynomial."""
        x = np.asarray(x, dtype=float)
        if self.degree:
            return np.asarray(self._piecewise(x), dtype=float)
        place = np.floor((x - self.low) * self.n_intervals / (self.high - self.low)).astype(int)
        return np.asarray(self._piecewise[np.clip(place, 0, self.n_intervals - 1)], dtype=float)

    def largest_error(self, function: Function) -> float:
        """Return the largest difference from ``function`` on a fine grid."""
        x = _fine(self.low, self.high, self.n_intervals)
        return float(np.abs(function(x) - self(x)).max())


def error_bound(low: float, high: float, n_intervals: int, degree: int, largest_derivative: float) -> float:
    """Return what the error of a spline cannot exceed.

    ``largest_derivative`` is the largest absolute value of the derivative of order ``degree`` + 1 in the range. With
    intervals of width h the bound is h / 2 of it for degree 0 and h^2 / 8 for degree 1. Above, it is the integral of
    the absolute Peano kernel: the largest error for any function whose derivative stays within that value.

    Raises:
        OptionError: as ``Spline.of``.
    """
    _check(low, high, n_intervals, degree)
    width = (high - low) / n_intervals
    if degree < 2:
        return largest_derivative * (width / 2 if degree == 0 else width**2 / 8)
    return largest_derivative * _peano(n_intervals, degree) * width ** (degree + 1)


def _peano(n_intervals: int, degree: int) -> float:
    """Return max_x of the integral over t of |K(x, t)| on intervals of width 1.

    K(x, t) is the error at x for the function (x - t)_+^degree / degree!.
    """
    x = _fine(0.0, n_intervals, n_intervals)
    t = (np.arange(n_intervals * _POINTS) + 0.5) / _POINTS  # middles, for the integral

    def powers(at: Floats) -> Floats:
        return np.maximum(at[:, None] - t, 0.0) ** degree / math.factorial(degree)

    spline = _through(powers, _sites(0.0, n_intervals, n_intervals, degree), degree)
    return float(np.abs(powers(x) - spline(x)).sum(axis=1).max() / _POINTS)


def _sites(low: float, high: float, n_intervals: int, degree: int) -> Floats:
    knots = np.linspace(low, high, n_intervals + 1)
    return knots if degree else (knots[1:] + knots[:-1]) / 2


def _through(function: Function, sites: Floats, degree: int) -> Any:
    values = function(sites)
    return interpolate.make_interp_spline(sites, values, k=degree) if degree else np.asarray(values, dtype=float)


def _fine(low: float, high: float, n_intervals: int) -> Floats:
    return np.linspace(low, high, n_intervals * _POINTS + 1)


def _check(low: float, high: float, n_intervals: int, degree: int) -> None:
    if not low < high:
        raise OptionError(f"a spline needs a range from low to high, not {low} to {high}")
    if degree < 0 or n_intervals < max(1, degree):
        raise OptionError(
            f"a spline of degree {degree} on {n_intervals} intervals: give degree >= 0, as many intervals"
        )
