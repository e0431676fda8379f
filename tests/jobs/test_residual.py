"""The residual network as a job: families in the record, stages and starts in the history, copies in the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qlab as package
from tests.conftest import Qlab

STATES = (
    "dataset=entanglement",
    "dataset.size=120",
    "dataset.n_train=60",
    "dataset.n_val=20",
    "dataset.n_test=40",
    "encoder=identity",
    "head=residual",
    "trainer.epochs=2",
)


def record_of(qlab: Qlab, *words: str) -> dict[str, Any]:
    answer = qlab("train", "--json", *words)
    assert answer.code == 0, answer.err
    record: dict[str, Any] = json.loads(answer.out)["record"]
    return record


def test_accuracy_is_told_for_each_family(qlab: Qlab) -> None:
    answer = qlab("train", *STATES)
    assert answer.code == 0, answer.err
    assert "accuracy, adversarial" in answer.out
    metrics = record_of(qlab, *STATES)["metrics"]
    families = metrics["families"]
    assert set(families) <= {"entangled", "separable noise", "product mixtures", "adversarial"}
    assert sum(family["n"] for family in families.values()) == metrics["n"] == 40
    right = sum(family["n"] * family["accuracy"] for family in families.values())
    assert right == pytest.approx(40 * metrics["accuracy"])
    swept = qlab("sweep", "--json", *STATES, "head.blocks=0,1")
    assert swept.code == 0, swept.err
    assert "accuracy, adversarial" in swept.out


def test_stages_and_starts_are_in_the_history_and_an_evaluation_finds_the_same_model(workplace: Path) -> None:
    run = package.train(*STATES, "head.blocks=3", "head.training=greedy", "head.restarts=2")
    assert run.record.training["epochs"] == 2 * 3 * 2
    assert run.record.training["kept_epoch"] in (5, 6, 11, 12)
    assert run.record.parameters["trainable"] == 3 * 2 * 64 + 10
    assert run.record.parameters["quantum"] == 3 * 2 * 64
    assert not list(run.path.glob("*-0-0*"))
    again = package.evaluate(run, "split=val")
    assert again.changed_predictions == 0


def test_copies_are_counted(qlab: Qlab) -> None:
    answer = qlab("plan", "--json", *STATES, "head.blocks=3", "head.shots=100")
    assert answer.code == 0, answer.err
    executions = json.loads(answer.out)["executions"]
    assert executions == {"validation, copies": 1200 * 3 * 20, "test, copies": 1200 * 40}


def test_what_is_no_state_is_one_line(qlab: Qlab) -> None:
    answer = qlab("train", "dataset=digits", "encoder=pca", "encoder.n_features=8", "head=residual")
    assert answer.code == 2
    assert "density matrices" in answer.err
    assert len(answer.err.strip().splitlines()) == 1
