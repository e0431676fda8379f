"""Noise of a charge-sensing measurement, in the order in which the pixels are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pink_noise(n: int, rng: np.random.Generator) -> Array:
    """Return ``n`` samples of Gaussian 1/f noise with expected variance 1 and mean 0."""
    amplitudes = np.zeros(n // 2 + 1)
    amplitudes[1:] = np.arange(1, n // 2 + 1) ** -0.5
    white = rng.standard_normal((2, amplitudes.size))
    spectrum = amplitudes * (white[0] + 1j * white[1])
    power = 4 * np.sum(amplitudes**2) - (3 * amplitudes[-1] ** 2 if n % 2 == 0 else 0)
    samples: Array = np.fft.irfft(spectrum, n) * (n / np.sqrt(power))
    return samples


def telegraph_noise(n: int, dwell: float, rng: np.random.Generator) -> Array:
    """Return ``n`` samples of a two-level fluctuator: +-1/2, leaving its level every ``dwell`` samples on average."""
    switches = np.cumsum(rng.random(n) < 1 / dwell) + rng.integers(2)
    return np.asarray(switches % 2 - 0.5)


def latched(charge: Array, probability: float, mean_delay: float, rng: np.random.Generator) -> Array:
    """Return the charges with some steps along the fast axis delayed.

    A step is a pixel whose rounded charges differ from those of the pixel before it in the same row. With
    ``probability`` the charge before the step is kept for a geometric number of pixels, within the row.

    Args:
        charge: (dots, rows, columns), columns being the fast axis.
        probability: of a step to be delayed.
        mean_delay: mean of the geometric distribution, in pixels, at least 1.
        rng: source of randomness.
    """
    _, n_rows, n_columns = charge.shape
    stepped = np.diff(np.round(charge), axis=2).any(axis=0)
    rows, before = np.nonzero(stepped)
    chosen = rng.random(rows.size) < probability
    delays = np.minimum(rng.geometric(1 / mean_delay, rows.size), n_columns - 1 - before)[chosen]
    rows, before = np.repeat(rows[chosen], delays), np.repeat(before[chosen], delays)
    within = np.arange(delays.sum()) - np.repeat(np.cumsum(delays) - delays, delays)
    source = np.tile(np.arange(n_columns), (n_rows, 1))
    # Where two delays overlap the older charge stays.
    np.minimum.at(source, (rows, before + 1 + within), before)
    return np.take_along_axis(charge, source[np.newaxis], axis=2)
