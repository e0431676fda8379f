from __future__ import annotations

import numpy as np
import pytest

from qlab.errors import OptionError
from qlab.quantized.spline import Spline, error_bound

LARGEST = {1: 1.0, 2: 4 / (3 * 3**0.5), 3: 2.0, 4: 4.0859}  # of the derivatives of tanh
COUNTS = (2, 4, 8, 16, 32)


@pytest.mark.parametrize(("degree", "n_intervals"), [(d, n) for d in range(4) for n in (*COUNTS, 3, 7, 24) if n >= d])
def test_the_error_stays_within_its_bound(degree: int, n_intervals: int) -> None:
    bound = error_bound(-4, 4, n_intervals, degree, LARGEST[degree + 1])
    assert Spline.of(np.tanh, -4, 4, n_intervals, degree).largest_error(np.tanh) <= bound


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_error_falls_with_the_power_of_the_width(degree: int) -> None:
    errors = [Spline.of(np.tanh, -4, 4, n, degree).largest_error(np.tanh) for n in (32, 64)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(degree + 1, abs=0.25)


@pytest.mark.parametrize("n_intervals", COUNTS)
def test_lines_through_a_parabola_reach_the_bound(n_intervals: int) -> None:
    spline = Spline.of(np.square, -1, 1, n_intervals, 1)
    found = spline.largest_error(np.square)
    assert found == pytest.approx(error_bound(-1, 1, n_intervals, 1, 2.0), rel=2e-3)  # grid beside the middle


def test_a_cubic_spline_of_a_quartic_is_within_and_near_its_bound() -> None:
    def quartic(x: np.ndarray) -> np.ndarray:
        return x**4

    bound = error_bound(0, 1, 8, 3, 24.0)
    found = Spline.of(quartic, 0, 1, 8, 3).largest_error(quartic)
    assert 0.2 * bound < found <= bound


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_polynomials_of_the_degree_are_reproduced(degree: int) -> None:
    def polynomial(x: np.ndarray) -> np.ndarray:
        return (x - 0.3) ** degree

    assert Spline.of(polynomial, -2, 1, 5, degree).largest_error(polynomial) < 1e-12


@pytest.mark.parametrize(("low", "high", "n", "degree"), [(1, 1, 4, 1), (0, 1, 0, 0), (0, 1, 4, -1), (0, 1, 2, 3)])
def test_impossible_splines_are_refused(low: float, high: float, n: int, degree: int) -> None:
    with pytest.raises(OptionError, match="a spline"):
        Spline.of(np.tanh, low, high, n, degree)
