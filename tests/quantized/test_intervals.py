from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qlab.quantized.intervals import Grid, divide, propagate

numbers = st.integers(-6, 6)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    low, step, count = draw(numbers), draw(st.integers(1, 4)), draw(st.integers(1, 7))
    return Grid(low, low + step * (count - 1), step if count > 1 else 0)


def values(grid: Grid) -> list[int]:
    return list(range(grid.low, grid.high + 1, max(grid.step, 1)))


@given(grids(), grids(), grids(), st.integers(1, 2))
def test_propagation_covers_all_sums_and_its_ends_are_reached(inputs: Grid, weights: Grid, bias: Grid, n: int) -> None:
    products = [a * w for a in values(inputs) for w in values(weights)]
    sums = [sum(chosen) for chosen in itertools.product(products, repeat=n)]
    z = np.array([total + c for total in sums for c in values(bias)])
    grid = propagate(inputs, n, weights, bias)
    assert grid.contains(z)
    assert (grid.low, grid.high) == (z.min(), z.max())


@given(grids(), st.integers(2, 6))
def test_digits_say_every_integer_once_and_have_a_border_at_zero(grid: Grid, n_intervals: int) -> None:
    digits = divide(grid, n_intervals)
    z = np.array(values(grid))
    interval, remainder = digits.split(z)
    assert digits.n_intervals <= n_intervals
    assert interval.min() == 0
    assert interval.max() == digits.n_intervals - 1
    assert np.array_equal(digits.start + digits.width * interval + digits.step * remainder, z)
    assert len({tuple(row) for row in digits.bits(z)}) == len(z)
    assert digits.bits(z).shape == (len(z), digits.n_bits)
    if n_intervals % 2 == 0:
        assert all((z[interval == i] >= 0).all() or (z[interval == i] < 0).all() for i in set(interval))


def test_a_width_less_would_not_do() -> None:
    for grid in (Grid(-17, 17, 2), Grid(-3, 3, 2), Grid(-8, 7, 1), Grid(-9, 9, 1)):
        digits = divide(grid, 2)
        half = max(-(grid.low // grid.step), grid.count + grid.low // grid.step)
        assert digits.n_remainder_bits == int(np.ceil(np.log2(half)))
