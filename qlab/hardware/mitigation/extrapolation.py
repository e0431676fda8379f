"""Zero-noise extrapolation: values at several scales of the noise, followed to none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlab.errors import OptionError
from qlab.hardware.readings import Measured

Fit = Literal["linear", "richardson"]


def extrapolated(measured: Sequence[Measured], scales: Sequence[int], fit: Fit) -> Measured:
    """Return values where the scale of the noise is 0.

    Every fit here is a weighted sum of the values, so that its standard error follows from theirs: the chances of the
    values' own shots are independent, those that they share, of one calibration, move all scales together and are
    summed with their signs. It is larger than theirs: where noise moves a value by less than that, the value is better
    left alone, and ``amplification`` says by how much the chance of the shots grows.

    Args:
        measured: values (N, K) at each scale.
        scales: of the noise, different ones, two or more.
        fit: ``linear``, the line of least squares, or ``richardson``, the polynomial through all values.

    Raises:
        OptionError: there are fewer than two scales, or two equal ones.
    """
    factors = coefficients(scales, fit)[:, None, None]  # (S, 1, 1)
    values = np.stack([item.values for item in measured])  # (S, N, K)
    shared = np.stack([item.shared for item in measured])  # (S, N, K, C)
    own = np.stack([item.standard_errors for item in measured]) ** 2 - (shared**2).sum(-1)
    together = (factors[..., None] * shared).sum(0)  # (N, K, C)
    variances = (factors**2 * np.maximum(own, 0)).sum(0) + (together**2).sum(-1)
    return Measured((factors * values).sum(0), np.sqrt(variances), together)


def coefficients(scales: Sequence[int], fit: Fit) -> NDArray[np.float64]:
    """Return what each scale's value (S,) is multiplied by; they add up to 1.

    For the line, 1/S - m (s - m) / sum (s - m)^2 with m the mean scale; for Richardson's, the polynomials of Lagrange
    at 0 (Eq. 4 of arXiv:1612.02058).

    Raises:
        OptionError: there are fewer than two scales, or two equal ones.
    """
    if len(set(scales)) < max(len(scales), 2):
        raise OptionError(f"extrapolation needs two or more different scales, not {', '.join(map(str, scales))}")
    at = np.asarray(scales, dtype=np.float64)
    if fit == "linear":
        centred = at - at.mean()
        line: NDArray[np.float64] = 1 / len(at) - at.mean() * centred / (centred**2).sum()
        return line
    others = [np.delete(at, place) for place in range(len(at))]
    return np.array([np.prod(rest / (rest - own)) for own, rest in zip(at, others, strict=True)])


def amplification(scales: Sequence[int], fit: Fit) -> float:
    """Return how many times as large as at one scale the standard error is, where it is the same at all scales."""
    return float(np.sqrt((coefficients(scales, fit) ** 2).sum()))
