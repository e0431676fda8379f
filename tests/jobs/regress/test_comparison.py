"""What counts as a difference, and what does not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from qlab.errors import CorruptFileError
from qlab.jobs.regress import expectations
from qlab.jobs.regress.comparison import compare, renewed
from qlab.jobs.regress.quantity import Exact, Measured, Quantity, from_json, measured

FILE: dict[str, Quantity] = {
    "count": Exact(24),
    "name": Exact("compiled"),
    "nothing": Exact(None),
    "loss": measured(2.0, "relative", 0.01),
    "values": measured([0.0, -0.5, 1.0], "absolute", 1e-3),
    "drawn": measured([0.1, 0.2], "standard_error", [0.01, 0.02]),
}


def differences(expected: Quantity, found: Quantity) -> list[str]:
    return [str(difference) for difference in compare({"q": expected}, {"q": found})]


@pytest.mark.parametrize(("name", "quantity"), FILE.items())
def test_equal_quantities_do_not_differ(name: str, quantity: Quantity) -> None:
    assert compare({name: quantity}, {name: quantity}) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [(24, 25), ("compiled", "torch"), (None, 0), (1, "1"), (24, None)],
)
def test_a_count_or_a_name_is_exact(expected: int | str | None, found: int | str | None) -> None:
    assert differences(Exact(expected), Exact(found)) == [f"q: expected {expected}, found {found}; allowed: exact"]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_relative_tolerance_is_a_fraction_of_the_expected_value(sign: int) -> None:
    expected = measured(sign * 2.0, "relative", 0.01)
    assert differences(expected, measured(sign * 2.019, "relative", 1.0)) == []
    (line,) = differences(expected, measured(sign * 2.021, "relative", 1.0))
    assert line.endswith("allowed: 0.01 of its size")
    assert differences(expected, measured(-sign * 2.0, "relative", 1.0)) != []


def test_an_absolute_tolerance_holds_for_each_number_and_the_worst_is_shown() -> None:
    expected = FILE["values"]
    assert differences(expected, measured([9e-4, -0.5009, 0.9991], "absolute", 1.0)) == []
    (difference,) = compare({"q": expected}, {"q": measured([0.002, -0.5, 1.01], "absolute", 1.0)})
    assert difference.quantity == "q[2] (2 of 3 differ)"
    assert (difference.expected, difference.found) == (1.0, 1.01)
    assert difference.difference == pytest.approx(0.01)


def test_drawn_numbers_may_be_five_standard_errors_of_a_difference_apart() -> None:
    expected = FILE["drawn"]
    allowed = 5 * math.sqrt(2) * 0.02
    wide = measured([0.1, 0.2 + 0.99 * allowed], "standard_error", [1.0, 1.0])
    assert differences(expected, wide) == []
    (line,) = differences(expected, measured([0.1, 0.2 + 1.01 * allowed], "standard_error", [9.0, 9.0]))
    assert "5 standard errors" in line


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_always_differs(bad: float) -> None:
    assert len(differences(FILE["values"], Measured((bad, 5.0, 1.0), "absolute", (1.0,)))) == 1
    assert len(differences(FILE["loss"], Measured((bad,), "relative", (1.0,)))) == 1
    assert len(differences(FILE["drawn"], Measured((bad, 0.2), "standard_error", (math.inf,)))) == 1


def test_missing_and_new_quantities_are_differences() -> None:
    missing, new = compare({"a": Exact(1), "b": Exact(2)}, {"a": Exact(1), "c": Exact(3)})
    assert (missing.quantity, missing.allowed) == ("b", "it is no longer there")
    assert (new.quantity, new.allowed) == ("c", "it is not expected")


@pytest.mark.parametrize("other", [Exact(2), measured([2.0, 2.0], "relative", 0.01)])
def test_another_kind_or_number_is_a_difference(other: Quantity) -> None:
    assert len(differences(FILE["loss"], other)) == 1


def test_what_still_holds_is_kept_and_tolerances_stay_as_they_are_stated() -> None:
    expected: dict[str, Quantity] = {
        "near": measured(1.0, "relative", 0.5),
        "far": measured(1.0, "relative", 0.5),
        "drawn": measured(1.0, "standard_error", 0.5),
        "gone": Exact(1),
    }
    found: dict[str, Quantity] = {
        "near": measured(1.2, "relative", 1e-3),
        "far": measured(3.0, "relative", 1e-3),
        "drawn": measured(1.1, "standard_error", 0.2),
        "new": Exact(2),
    }
    assert renewed(expected, found) == {
        "near": measured(1.0, "relative", 0.5),
        "far": measured(3.0, "relative", 0.5),
        "drawn": measured(1.1, "standard_error", 0.2),
        "new": Exact(2),
    }


def test_a_file_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "expected" / "a.json"
    expectations.write(path, FILE)
    assert expectations.read(path) == FILE
    stored = json.loads(path.read_text())["quantities"]
    assert stored["loss"] == {"value": 2.0, "relative": 0.01}
    assert stored["drawn"] == {"value": [0.1, 0.2], "standard_error": [0.01, 0.02]}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"schema": 1}',
        '{"schema": 2, "quantities": {}}',
        '{"schema": 1, "quantities": {"a": 1}}',
        '{"schema": 1, "quantities": []}',
    ],
)
def test_a_damaged_file_is_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(CorruptFileError, match=r"a\.json .*--update writes it anew") as caught:
        expectations.read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"exact": 1.5},
        {"exact": [1]},
        {"value": 1.0},
        {"value": 1.0, "relative": "much"},
        {"value": "x", "relative": 0.1},
        {"value": 1.0, "relative": 0.1, "absolute": 0.1},
        {"value": [1.0, 2.0, 3.0], "absolute": [0.1, 0.2]},
        {"value": 1.0, "absolute": -0.1},
        {"value": 1.0, "absolute": float("nan")},
        {"value": 1.0, "absolute": float("inf")},
        {"value": 1.0, "relative": 1e3},
        {"value": [1.0, 2.0], "standard_error": [0.1, 1e6]},
    ],
)
def test_what_is_no_quantity_is_refused(entry: Any) -> None:
    with pytest.raises(ValueError, match=r"is no quantity|wrong tolerance"):
        from_json(entry)
