"""Which variable of a sweep goes where in its figure."""

from __future__ import annotations

from typing import Any

import pytest

from qlab.reports.grouping import grouped
from qlab.reports.layout import Layout, distinct, layout, panels, readable, scale
from tests.reports.made_up import points

NUMBERS, NAMES = [4, 8, 12], ["a", "b"]
MANY_NAMES = [f"name {number}" for number in range(9)]


def laid_out(axes: dict[str, list[Any]]) -> Layout:
    keys = list(axes)
    return layout(readable(grouped(points(axes), keys), keys), keys)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"q": NUMBERS}, Layout("q", None, heat=False, panels=())),
        ({"name": NAMES}, Layout("name", None, heat=False, panels=())),
        ({"name": NAMES, "q": NUMBERS}, Layout("q", "name", heat=False, panels=())),
        ({"name": NAMES, "other": ["x", "y", "z"]}, Layout("other", "name", heat=False, panels=())),
        ({"q": NUMBERS, "m": [1, 2]}, Layout("q", "m", heat=True, panels=())),
        ({"q": NUMBERS, "name": MANY_NAMES}, Layout("q", "name", heat=True, panels=())),
        ({"q": NUMBERS, "m": [1, 2], "name": NAMES}, Layout("q", "name", heat=False, panels=("m",))),
        ({"q": NUMBERS, "m": [1, 2], "k": [3, 4]}, Layout("q", "m", heat=True, panels=("k",))),
        ({"fixed": ["only"], "q": NUMBERS}, Layout("q", None, heat=False, panels=())),
        ({"fixed": ["only"]}, Layout("fixed", None, heat=False, panels=())),
        ({"flag": [True, False]}, Layout("flag", None, heat=False, panels=())),
    ],
)
def test_variables_have_their_place(axes: dict[str, list[Any]], expected: Layout) -> None:
    assert laid_out(axes) == expected


def test_every_row_is_in_one_panel() -> None:
    axes: dict[str, list[Any]] = {"q": NUMBERS, "name": NAMES, "m": [1, 2], "none": [None, "x"]}
    keys = list(axes)
    rows = readable(grouped(points(axes), keys), keys)
    found = list(panels(rows, layout(rows, keys)))
    assert [fixed for fixed, _ in found] == [{"m": m, "none": none} for m in (1, 2) for none in ("–", "x")]
    assert sorted(index for _, part in found for index in part.index) == list(range(len(rows)))


def test_numbers_are_in_order_and_names_as_given() -> None:
    rows = grouped(points({"q": [8, 4], "name": ["b", "a"]}), ["q", "name"])
    assert distinct(rows["q"]) == [4, 8]
    assert distinct(rows["name"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4, 8, 12], "linear"),
        ([0, 0.1, 0.2], "linear"),
        ([1e-4, 1e-3, 1e-2], "log"),
        ([0, 1e-3, 3e-3, 1e-2, 3e-2], "symlog"),
        ([-1, 1e-4, 1], "linear"),
        ([0, 1], "linear"),
        ([5], "linear"),
    ],
)
def test_values_that_span_decades_are_on_a_logarithmic_axis(values: list[float], expected: str) -> None:
    assert scale(values) == expected
