"""``qlab results``: every record as a table, as CSV and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import Qlab
from tests.reports.made_up import evaluation, metrics, record
from tests.reports.test_collection import stored


@pytest.fixture
def outputs(workplace: Path) -> Path:
    linear = record("a" * 12, metrics=metrics(0.9), circuit=None, name="linear")
    linear["config"] = linear["config"] | {"head": {"name": "linear"}}
    stored(workplace / "outputs", record(), evaluation())
    stored(workplace / "outputs", linear)
    return workplace / "outputs"


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table's rows."""
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def test_a_table_shows_what_tells_records_apart(qlab: Qlab, outputs: Path) -> None:
    answer = qlab("results")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0] == "3 records; all: dataset digits, encoder pca, split test, seed 0, n 40"
    assert rows(answer.out) == [
        ["aaaaaaaaaaaa", "linear", "–", "none", "0.9000"],
        ["000000000000", "vqc", "4", "none", "0.7500"],
        ["000000000000", "vqc", "4", "depolarizing: p 0.01", "0.6500"],
    ]


def test_filters_choose_records_and_show_their_columns(qlab: Qlab, outputs: Path) -> None:
    answer = qlab("results", "head.n_qubits=4", "parameters.quantum>0")
    assert answer.out.splitlines()[0].startswith("1 of 3 records; all: dataset digits")
    assert "parameters.quantum 72" in answer.out
    assert rows(answer.out) == [["000000000000", "0.7500"]]
    nothing = qlab("results", "metrics.accuracy>0.99")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "no record under outputs is like that\n"


def test_csv_and_json_have_every_column(qlab: Qlab, outputs: Path) -> None:
    table = pd.read_csv(io.StringIO(qlab("results", "--csv").out))
    assert table["metrics.accuracy"].tolist() == [0.9, 0.75, 0.65]
    found: list[dict[str, Any]] = json.loads(qlab("results", "kind=evaluation", "--json").out)
    assert list(found[0]) == list(table)
    assert found[0]["noise.p"] == 0.01
    assert found[0]["noise.p2"] is None
    assert found[0]["changed_predictions"] == 5
    assert found[0]["metrics.confusion"] == [[13, 7], [7, 13]]


def test_a_damaged_record_is_a_warning_and_the_others_are_listed(qlab: Qlab, outputs: Path) -> None:
    (outputs / "runs" / "linear-aaaaaaaaaaaa" / "result.json").write_text("{")
    with pytest.warns(UserWarning, match=r"linear-aaaaaaaaaaaa/result\.json is damaged"):
        answer = qlab("results")
    assert answer.code == 0
    assert len(rows(answer.out)) == 2


def test_without_records_there_is_nothing_to_list(qlab: Qlab, workplace: Path) -> None:
    answer = qlab("results")
    assert (answer.code, answer.out, answer.err) == (0, "", "no record under outputs\n")
    assert json.loads(qlab("results", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("datset.name=digits",), "did you mean 'dataset.name'?"),
        (("config.seed==1",), "'config.seed==1' is no filter"),
        (("metrics.accuracy>high",), "a number is wanted after >"),
        (("--csv", "--json"), "cannot both be printed"),
        (("output_dir=nowhere",), "output_dir=nowhere is not a folder"),
    ],
)
def test_a_wrong_request_is_one_line(words: tuple[str, ...], complaint: str, qlab: Qlab, outputs: Path) -> None:
    answer = qlab("results", *words)
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert complaint in answer.err
