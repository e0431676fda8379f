"""``qlab compare``: the plan, what is printed, the JSON, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import qlab as package
from qlab.errors import RequestError
from tests.conftest import Qlab
from tests.jobs.sweep.small import SMALL, UNSTEADY

FEW = ("seeds=2", "twins=[linear,no_entanglers,logistic]")


def test_a_comparison_from_plan_to_verdict(qlab: Qlab, workplace: Path) -> None:
    planned = qlab("compare", *SMALL, *FEW, "--plan")
    assert planned.code == 0, planned.err
    assert "4 models at 2 seeds; trainings: 7 to run" in planned.out
    assert list(workplace.glob("outputs/*")) == []
    done = qlab("compare", *SMALL, *FEW)
    assert done.code == 0, done.err
    assert "the circuit is not distinguishable from 3 of 3 models" in done.out
    assert "2 seeds cannot reach p < 0.05" in done.out
    (folder,) = (workplace / "outputs" / "comparisons").iterdir()
    assert f"outputs/comparisons/{folder.name}" in done.out
    again = qlab("compare", *SMALL, *FEW, "--json")
    assert "trainings: 0 to run, 7 found" in again.err
    answer = json.loads(again.out)
    assert [row["twin"] for row in answer["comparisons"]] == ["linear", "no_entanglers", "logistic"]
    assert len(answer["rows"]) == 8
    assert answer["path"] == f"outputs/comparisons/{folder.name}"
    assert qlab("report", folder.name).out.strip() == f"outputs/comparisons/{folder.name}/report.html"
    frame = package.compare(*SMALL, *FEW)
    assert frame["difference"].tolist() == [row["difference"] for row in answer["comparisons"]]


def test_the_plan_as_json_says_who_takes_part(qlab: Qlab) -> None:
    answer = json.loads(qlab("compare", *SMALL, "head.n_layers=3", "head.n_qubits=2", "tune=2", "--plan", "--json").out)
    (setting,) = answer["settings"]
    assert setting["models"][0] == "circuit"
    assert "no MLP" in setting["left_out"]["mlp"]
    assert answer["trainings_to_run"] > 0


def test_what_is_left_out_is_printed(qlab: Qlab) -> None:
    answer = qlab("compare", *SMALL, "head.n_layers=3", "head.n_qubits=2", "seeds=2", "trainer.epochs=1")
    assert answer.code == 0, answer.err
    assert "left out: mlp, no MLP from 2 features" in answer.out


def test_diverged_seeds_are_said_and_the_code_is_zero(qlab: Qlab) -> None:
    given = ("trainer.weight_decay=1e6", "seeds=2", "twins=[logistic]")
    answer = qlab("compare", *SMALL, *UNSTEADY, *given)
    assert answer.code == 0, answer.err
    assert "diverged  twin=circuit" in answer.err
    sentences = json.loads(qlab("compare", *SMALL, *UNSTEADY, *given, "--json").out)["sentences"]
    assert "2 of 2 seeds of the circuit diverged and count as what a constant answer scores" in sentences[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["head=linear"], "head=linear has no trained circuit"),
        (["twins=[perceptron]"], "unknown twin 'perceptron'"),
        (["seed=0,1"], "a comparison has seeds of its own: say seeds=10"),
        (["vary=[seed,dataset.sead]"], "vary: dataset.sead is no seed of this config"),
        (["sedes=3"], "did you mean"),
        (["twins=[linear]", "metric=loss"], "metric=loss is not one of accuracy"),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    words: list[str], message: str, qlab: Qlab, workplace: Path
) -> None:
    given = [word for word in SMALL if not word.startswith("head.")] if "head=linear" in words else SMALL
    answer = qlab("compare", *given, *words)
    assert answer.code == 2
    assert len(answer.err.strip().splitlines()) == 1
    assert message in answer.err
    assert not list(workplace.glob("outputs/*"))


def test_from_python_a_wrong_request_is_an_exception(workplace: Path) -> None:
    with pytest.raises(RequestError, match="no trained circuit"):
        package.compare("dataset=digits", "head=linear")
