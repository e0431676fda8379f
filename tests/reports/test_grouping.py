"""Means over seeds and their intervals, against values computed by hand and published ones."""

from __future__ import annotations

import math
import subprocess
import sys

import pandas as pd
import pytest

from qlab.reports.grouping import grouped
from tests.reports.made_up import fail, points


def test_three_seeds_have_students_interval() -> None:
    table = points({"head.n_qubits": [4], "seed": [0, 1, 2]}, lambda point: [0.70, 0.75, 0.80][point["seed"]])
    (row,) = grouped(table, ["head.n_qubits", "seed"]).to_dict("records")
    half = 4.302652729911275 * 0.05 / math.sqrt(3)  # the 97.5 % quantile of Student's t with two degrees of freedom
    assert row["head.n_qubits"] == 4
    assert row["mean"] == pytest.approx(0.75)
    assert row["sd"] == pytest.approx(0.05)
    assert (row["lower"], row["upper"]) == pytest.approx((0.75 - half, 0.75 + half))
    assert (row["interval"], row["n"], row["failed"]) == ("seeds", 3, 0)


def test_one_seed_has_wilsons_interval_of_the_test_set() -> None:
    table = points({"head": ["vqc"]}, lambda point: 0.8, n=10)
    (row,) = grouped(table, ["head"]).to_dict("records")
    # 8 of 10: Wilson (1927), eq. for z = 1.959964
    assert (row["lower"], row["upper"]) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert row["interval"] == "test set"
    assert math.isnan(row["sd"])


def test_each_group_of_one_seed_has_its_own_interval() -> None:
    table = points(
        {"head": ["a", "b", "c"], "seed": [0, 1]}, lambda point: {"a": 0.2, "b": 0.5, "c": 0.9}[point["head"]]
    )
    for row in (1, 5):
        table = fail(table, row, "no")
    rows = grouped(table, ["head", "seed"]).set_index("head")
    assert rows["interval"].to_dict() == {"a": "test set", "b": "seeds", "c": "test set"}
    lower, upper = rows["lower"].to_list(), rows["upper"].to_list()
    assert lower[0] < 0.2 < upper[0] < 0.25
    assert 0.85 < lower[2] < 0.9 < upper[2]
    assert rows["n"].to_dict() == {"a": 1, "b": 2, "c": 1}
    assert rows["failed"].to_dict() == {"a": 1, "b": 0, "c": 1}


def test_a_proportion_stays_one() -> None:
    table = points({"seed": [0, 1]}, lambda point: [0.9, 1.0][point["seed"]])
    (row,) = grouped(table, ["seed"]).to_dict("records")
    assert row["upper"] == 1.0
    assert row["lower"] == pytest.approx(0.95 - 12.706204736432095 * math.sqrt(0.005) / math.sqrt(2))
    (row,) = grouped(table.assign(cross_entropy=[1.0, 1.4]), ["seed"], metric="cross_entropy").to_dict("records")
    assert row["upper"] > 1.4


def test_other_metrics_of_one_seed_have_no_interval() -> None:
    (row,) = grouped(points({"seed": [0]}), ["seed"], metric="balanced_accuracy").to_dict("records")
    assert row["interval"] == ""
    assert math.isnan(row["lower"])


def test_a_group_without_a_result_is_still_a_row() -> None:
    table = points({"head": ["a", "b"], "seed": [0, 1]})
    for row, status in ((2, "failed"), (3, "lost")):
        table = fail(table, row, "no", status)
    last = grouped(table, ["head", "seed"]).iloc[-1]
    assert last["head"] == "b"
    assert (last["n"], last["failed"]) == (0, 2)
    assert math.isnan(last["mean"])


def test_rows_keep_the_order_of_the_table_and_their_values() -> None:
    table = points({"x": [10, 2, 1.5], "flag": [True, False], "seed": [0, 1]})
    rows = grouped(table, ["x", "flag", "seed"])
    assert rows["x"].tolist() == [10, 10, 2, 2, 1.5, 1.5]
    assert rows["flag"].tolist() == [True, False] * 3


def test_missing_values_lists_and_mixed_types_are_values() -> None:
    table = points({"width": [None, 3, "3", [1, 2], [2, 1]], "seed": [0, 1]})
    rows = grouped(table, ["width", "seed"])
    assert rows["n"].tolist() == [2] * 5
    assert rows["width"].tolist() == [None, 3, "3", [1, 2], [2, 1]]


def test_grouping_needs_no_figures() -> None:
    code = "import sys, qlab.reports.grouping, qlab.reports.filtering; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_empty_grid_is_one_group() -> None:
    table = pd.DataFrame({"status": ["done"], "n": [4], "accuracy": [0.5]})
    assert grouped(table, [])["mean"].tolist() == [0.5]
