"""Every record as one table, and rows chosen by conditions."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qlab.errors import OptionError, QlabWarning
from qlab.records.store import RunFolder
from qlab.reports.collection import all_records, frame
from qlab.reports.filtering import select
from tests.reports.made_up import evaluation, metrics, record


def stored(root: Path, train: dict[str, Any], *evaluations: dict[str, Any]) -> RunFolder:
    folder = RunFolder(root / "runs" / f"{train['name']}-{train['key']}")
    folder.evaluations.mkdir(parents=True)
    folder.result.write_text(json.dumps(train))
    for one in evaluations:
        folder.evaluation(one["key"]).write_text(json.dumps(one))
    return folder


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    linear = record("a" * 12, metrics=metrics(0.9), circuit=None, name="linear")
    linear["config"] = linear["config"] | {"head": {"name": "linear"}}
    stored(tmp_path, record(), evaluation())
    stored(tmp_path, linear)
    return all_records(tmp_path)


def test_trainings_and_evaluations_are_rows_with_dotted_columns(table: pd.DataFrame) -> None:
    assert table["kind"].tolist() == ["train", "train", "evaluation"]
    assert table["run"].tolist() == ["runs/linear-aaaaaaaaaaaa", *["runs/made-up-000000000000"] * 2]
    assert table["metrics.accuracy"].tolist() == [0.9, 0.75, 0.65]
    assert table["noise.name"].tolist() == ["none", "none", "depolarizing"]
    assert table["execution.insertions.depolarizing"].tolist() == [pd.NA, pd.NA, 24]
    assert str(table["parameters.trainable"].dtype) == "Int64"
    assert table["metrics.confusion"].tolist()[1] == [[15, 5], [5, 15]]


def test_columns_of_one_part_stand_together(table: pd.DataFrame) -> None:
    sections = [str(name).split(".")[0] for name in table]
    assert len(list(dict.fromkeys(sections))) == 1 + sum(a != b for a, b in itertools.pairwise(sections))
    assert {"execution", "circuit"}.isdisjoint(table.columns)  # missing in some records, of many columns in others


def test_whole_numbers_stay_whole() -> None:
    whole = frame([{"a": 1, "b": 1.5, "c": True}, {"b": 2, "c": None}])
    assert whole["a"].tolist() == [1, pd.NA]
    assert whole["b"].tolist() == [1.5, 2]
    assert whole["c"].tolist() == [True, None]


def test_a_record_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    broken = stored(tmp_path, record(), evaluation(), evaluation("2" * 12))
    broken.evaluation("2" * 12).write_text("{")
    old = stored(tmp_path, record("b" * 12, schema=99, name="old"))
    with pytest.warns(QlabWarning) as caught:
        table = all_records(tmp_path)
    assert table["kind"].tolist() == ["train", "evaluation"]
    said = " ".join(str(warning.message) for warning in caught)
    assert str(broken.evaluation("2" * 12)) in said
    assert f"{old.result} has schema 99" in said


def test_no_record_is_an_empty_table(tmp_path: Path) -> None:
    assert all_records(tmp_path / "nowhere").empty


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("kind=evaluation", [2]),
        ("kind!=evaluation", [0, 1]),
        ("metrics.accuracy>0.7", [0, 1]),
        ("metrics.accuracy>=0.75", [0, 1]),
        ("metrics.accuracy<0.75", [2]),
        ("metrics.accuracy <= 0.75", [1, 2]),
        ("config.head.n_qubits=4", [1, 2]),
        ("head.n_qubits=4.0", [1, 2]),
        ("head.n_qubits=null", [0]),
        ("head.n_qubits!=4", [0]),
        ("head.name=linear", [0]),
        ("noise.p>0", [2]),
        ("noise.p!=null", [2]),
        ("training.stopped_early=false", [0, 1]),
        ("head.n_qubits=four", []),
    ],
)
def test_conditions_choose_rows(condition: str, rows: list[int], table: pd.DataFrame) -> None:
    found, _ = select(table, [condition])
    assert found.index.tolist() == rows


def test_every_condition_counts(table: pd.DataFrame) -> None:
    found, columns = select(table, ["kind=train", "head.n_qubits=4"])
    assert found.index.tolist() == [1]
    assert columns == ["kind", "config.head.n_qubits"]


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ("datset.name=digits", "there is no column 'datset.name'; did you mean 'dataset.name'?"),
        ("head.n_qubit=4", "did you mean 'head.n_qubits'?"),
        ("zzz=1", "qlab results --csv shows them all"),
        ("accuracy", "'accuracy' is no filter"),
        ("=3", "'=3' is no filter"),
        ("metrics.accuracy>high", "a number is wanted after >, not 'high'"),
        ("noise.name>3", "noise.name holds no numbers"),
    ],
)
def test_a_wrong_condition_is_one_clear_line(condition: str, complaint: str, table: pd.DataFrame) -> None:
    with pytest.raises(OptionError) as caught:
        select(table, [condition])
    assert complaint in str(caught.value)
