"""Spectrum, switching rate and latching of the sensor's noise."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.data.sensor_noise import latched, pink_noise, telegraph_noise


@pytest.mark.parametrize("n", [2499, 2500])
def test_pink_noise_has_unit_variance_and_a_power_inverse_to_the_frequency(n: int) -> None:
    rng = np.random.default_rng(0)
    draws = np.stack([pink_noise(n, rng) for _ in range(400)])
    assert np.mean(draws**2) == pytest.approx(1, abs=0.05)
    power = np.mean(np.abs(np.fft.rfft(draws)) ** 2, axis=0)[1:-1]
    frequency = np.arange(1, len(power) + 1)
    slope = np.polyfit(np.log(frequency), np.log(power), 1)[0]
    assert slope == pytest.approx(-1, abs=0.02)
    assert np.abs(draws.mean(axis=1)).max() < 1e-12


@pytest.mark.parametrize("n", [6, 7])
def test_pink_noise_of_few_samples_has_unit_variance_too(n: int) -> None:
    rng = np.random.default_rng(1)
    draws = np.stack([pink_noise(n, rng) for _ in range(40_000)])
    assert np.mean(draws**2) == pytest.approx(1, abs=0.02)


def test_telegraph_noise_switches_at_its_rate_and_forgets_exponentially() -> None:
    n, dwell = 400_000, 40.0
    signal = telegraph_noise(n, dwell, np.random.default_rng(2))
    assert set(np.unique(signal)) == {-0.5, 0.5}
    switches = np.count_nonzero(np.diff(signal))
    assert switches == pytest.approx(n / dwell, abs=4 * np.sqrt(n / dwell))
    for lag in (1, 20, 60):
        correlation = 4 * np.mean(signal[lag:] * signal[:-lag])
        assert correlation == pytest.approx((1 - 2 / dwell) ** lag, abs=0.05)


def test_telegraph_noise_starts_on_either_level() -> None:
    starts = [telegraph_noise(1, 1e9, np.random.default_rng(seed))[0] for seed in range(200)]
    assert abs(np.mean(starts)) < 0.12


def staircase() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Two dots, two rows of twelve pixels: a step at column 4 of the first row and one at column 10 of the second."""
    charge = np.zeros((2, 2, 12))
    charge[0, 0, 4:] = 1
    charge[1, 1, 10:] = 1
    return charge


def test_latching_with_probability_zero_changes_nothing() -> None:
    np.testing.assert_array_equal(latched(staircase(), 0.0, 2.0, np.random.default_rng(0)), staircase())


def test_a_delay_of_one_pixel_moves_every_step_by_one() -> None:
    expected = np.zeros((2, 2, 12))
    expected[0, 0, 5:] = 1
    expected[1, 1, 11:] = 1
    np.testing.assert_array_equal(latched(staircase(), 1.0, 1.0, np.random.default_rng(0)), expected)


def test_a_delay_ends_with_its_row() -> None:
    late = latched(staircase(), 1.0, 1e6, np.random.default_rng(0))
    np.testing.assert_array_equal(late, np.zeros((2, 2, 12)))


def test_delays_are_geometric_and_as_frequent_as_asked_for() -> None:
    charge = np.zeros((1, 20_000, 60))
    charge[..., 10:] = 1
    delays = 50 - latched(charge, 0.3, 2.5, np.random.default_rng(3)).sum(axis=(0, 2))
    late = delays[delays > 0]
    assert len(late) / len(delays) == pytest.approx(0.3, abs=0.015)
    assert late.mean() == pytest.approx(2.5, abs=0.1)
    assert np.mean(late == 1) == pytest.approx(1 / 2.5, abs=0.025)


def test_the_older_charge_stays_where_two_delays_overlap() -> None:
    charge = np.array([[[0.0, 0, 1, 2, 2, 2]]])
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(latched(charge, 1.0, 1e6, rng), np.zeros((1, 1, 6)))
