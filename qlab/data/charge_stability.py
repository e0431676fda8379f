"""Constant-interaction physics of one or two quantum dots and of the sensor beside them.

Energies are in units of the first dot's charging energy. A gate voltage is in units of one electron of its own dot,
so that ``a`` ("induced charge") is the electron number which a dot would hold if charge were continuous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FORBIDDEN = 1e3
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class DotEnergies:
    """Energies of a double dot: H = (n1 - a1)^2 / 2 + E2 (n2 - a2)^2 / 2 + Em (n1 - a1)(n2 - a2).

    Attributes:
        charging_2: E2, the second dot's charging energy.
        mutual: Em, the electrostatic coupling of the dots; Em^2 < E2, and 2 Em < 1 + E2.
        tunnel: the tunnel coupling t of two charge states with the same total charge.
        thermal: the temperature kT, above 0.
    """

    charging_2: float
    mutual: float
    tunnel: float
    thermal: float


def double_dot_charge(a1: Array, a2: Array, energies: DotEnergies) -> tuple[Array, Array]:
    """Return the mean electron numbers (n1, n2) of a double dot in thermal equilibrium.

    Inside each total charge the two lowest charge states form a two-level system with coupling ``tunnel``: energies
    mean +- sqrt((difference / 2)^2 + tunnel^2), occupations mixed accordingly.

    Args:
        a1: induced charge of the first dot, any shape.
        a2: induced charge of the second dot, same shape.
        energies: of the double dot.
    """
    e2, em = energies.charging_2, energies.mutual
    stiffness = 1 + e2 - 2 * em
    totals = _totals_near_ground(a1, a2, energies)  # (4, ...)
    balance = (a1 * (1 - em) + (e2 - em) * (totals - a2)) / stiffness  # n1 that is best in each total, not an integer
    n1 = np.clip(np.floor(balance), 0, np.maximum(totals - 1, 0))
    offset = n1 - balance
    levels, charges = _levels(offset, n1, totals, stiffness, energies.tunnel)  # (4, 4, ...)
    levels += (e2 - em**2) / stiffness / 2 * (totals - a1 - a2) ** 2
    weights = np.exp((levels.min(axis=(0, 1)) - levels) / energies.thermal)
    partition = weights.sum(axis=(0, 1))
    mean_1 = (weights * charges).sum(axis=(0, 1)) / partition
    mean_total = (weights.sum(axis=0) * totals).sum(axis=0) / partition
    return mean_1, mean_total - mean_1


def single_dot_charge(a: Array, thermal: float) -> Array:
    """Return the mean electron number of one dot with H = (n - a)^2 / 2 at temperature ``thermal``."""
    n = np.maximum(np.floor(a) - 1, 0) + _steps(4, a.ndim)  # (4, ...)
    levels = (n - a) ** 2 / 2
    weights = np.exp((levels.min(axis=0) - levels) / thermal)
    return np.asarray((weights * n).sum(axis=0) / weights.sum(axis=0))


def sensor_signal(potential: Array, width: float) -> Array:
    """Return a sensor dot's conductance 1 / cosh^2(potential / width), in (0, 1]."""
    return np.asarray(np.cosh(potential / width) ** -2)


def _totals_near_ground(a1: Array, a2: Array, energies: DotEnergies) -> Array:
    """Return the four total charges around the best one, none below 0: shape (4, ...)."""
    n1 = np.maximum(a1 + energies.mutual * np.minimum(a2, 0), 0)
    n2 = np.maximum(a2 + energies.mutual / energies.charging_2 * np.minimum(a1, 0), 0)
    return np.asarray(np.maximum(np.floor(n1 + n2) - 1, 0) + _steps(4, a1.ndim))


def _levels(offset: Array, n1: Array, totals: Array, stiffness: float, tunnel: float) -> tuple[Array, Array]:
    """Return energies and mean first charges of four levels per total: the mixed pair and its outer neighbours.

    Args:
        offset: the pair's lower n1 minus the best n1, (totals, ...).
        n1: the pair's lower n1.
        totals: total charges.
        stiffness: energy is ``stiffness / 2 * (n1 - best)^2`` inside one total.
        tunnel: coupling of the pair.
    """
    half = stiffness / 2
    lower = half * offset**2
    upper = np.where(totals >= 1, half * (offset + 1) ** 2, _FORBIDDEN)
    gap = (upper - lower) / 2
    root = np.maximum(np.hypot(gap, np.where(totals >= 1, tunnel, 0)), _TINY)
    below = np.where(n1 >= 1, half * (offset - 1) ** 2, _FORBIDDEN)
    above = np.where(n1 + 2 <= totals, half * (offset + 2) ** 2, _FORBIDDEN)
    middle, tilt = (lower + upper) / 2, gap / root / 2
    levels = np.stack([middle - root, middle + root, below, above])
    charges = np.stack([n1 + 0.5 - tilt, n1 + 0.5 + tilt, n1 - 1, n1 + 2])
    return levels, charges


def _steps(count: int, n_dimensions: int) -> Array:
    return np.arange(float(count)).reshape(-1, *[1] * n_dimensions)
