"""Whether a contestant computed what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qlab.bench.catalogue import DOUBLE, SINGLE
from qlab.bench.problem import Array

TOLERANCE: Mapping[str, float] = {SINGLE: 1e-4, DOUBLE: 1e-9}
"""The largest deviation that counts as right; rounding stays well below, anything else is far above."""
_SAMPLED = 2  # arrays: values and standard errors
_SMALLEST_NORM = 1e-3  # of a gradient that a deviation is divided by: the derivative of many values may vanish


MOST_STANDARD_ERRORS = 3.0
"""How far, in standard errors, values may be from those of the reference in the root mean square; 1 is expected."""


def disagreement(found: Sequence[Array], expected: Sequence[Array]) -> float:
    """Return how far sampled values are from sampled values, in standard errors, in the root mean square.

    ``found`` and ``expected`` are values and their standard errors, (B, K) each. Infinite where something is missing,
    has another shape, or is not finite.
    """
    if [np.shape(each) for each in found] != [np.shape(each) for each in expected] or len(found) != _SAMPLED:
        return np.inf
    differences = np.square(np.subtract(found[0], expected[0])).mean()
    variance = (np.square(found[1]) + np.square(expected[1])).mean()
    ratio = float(np.sqrt(differences / variance)) if variance > 0 else np.inf
    return ratio if np.isfinite(ratio) else np.inf


def deviation(found: Sequence[Array], expected: Sequence[Array]) -> float:
    """Return the largest absolute deviation of a value or relative deviation of a gradient, in the 2-norm.

    ``found`` and ``expected`` are values (B, K), gradients by weights (n_weights,) and, where there are any, by inputs
    (B, n). Infinite where something is missing, has another shape, or is not finite.
    """
    if [np.shape(each) for each in found] != [np.shape(each) for each in expected]:
        return np.inf
    if not all(np.isfinite(each).all() for each in found):
        return np.inf
    errors = [float(np.abs(np.subtract(found[0], expected[0])).max())]
    for mine, right in zip(found[1:], expected[1:], strict=True):
        scale = max(float(np.linalg.norm(right)), _SMALLEST_NORM)
        errors.append(float(np.linalg.norm(np.subtract(mine, right))) / scale)
    return max(errors)
