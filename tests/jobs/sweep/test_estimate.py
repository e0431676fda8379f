"""The estimate against what the work then takes; the same kind of work is timed once; wrong data are found here."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from qlab.config.grid import grid
from qlab.errors import RequestError
from qlab.jobs.sweep import estimate as estimating
from qlab.jobs.sweep import timing
from qlab.jobs.sweep.estimate import estimate, together
from qlab.jobs.sweep.plan import check
from qlab.jobs.sweep.points import check_points
from qlab.jobs.sweep.request import Request
from qlab.jobs.sweep.sweep import sweep
from qlab.jobs.sweep.task import Task, evaluations, trainings
from qlab.records.record import EvaluationRecord, TrainRecord
from qlab.records.store import run_folder
from qlab.training.trainer import predict
from tests.jobs.sweep.plugin import install
from tests.jobs.sweep.small import SMALL, run


def tasks(*words: str) -> list[Task]:
    points = check_points(grid([*SMALL, *words]))
    return [*trainings(points), *evaluations(points)]


@pytest.mark.parametrize(
    "words",
    [
        ("head.n_qubits=6", "head.n_layers=4", "dataset.n_train=1000", "trainer.epochs=10"),
        ("head.n_qubits=4", "backend=pennylane", "dataset.n_train=200", "trainer.epochs=2"),
        ("noise=depolarizing", "backend.simulation=trajectories", "backend.trajectories=600", "dataset.n_test=300"),
    ],
    ids=["engine", "pennylane", "trajectories"],
)
def test_it_is_what_the_work_takes_within_a_factor(words: tuple[str, ...], workplace: Path) -> None:
    listed = tasks(*words, "seed=0,1")
    expected = estimate(listed, None)[listed[-1].id]
    swept = run(*words, "seed=0,1")  # the first of them imports and compiles
    folder = run_folder(workplace / "outputs", "", listed[-1].train_key)
    record = EvaluationRecord if listed[-1].evaluation_key else TrainRecord
    path = folder.evaluation(listed[-1].evaluation_key) if listed[-1].evaluation_key else folder.result
    seconds = record.read(path).timing
    taken = seconds["total"] - seconds["data"] - seconds["encoding"]
    assert swept.counts == {"done": 2}
    assert expected / 4 < taken < 4 * expected + 0.5


@pytest.mark.parametrize("schedule", ["one_cycle", "warm_restarts", "cosine", "step"])
def test_every_schedule_is_estimated(schedule: str, workplace: Path) -> None:
    (task,) = trainings(check_points(grid([*SMALL, f"trainer.schedule={schedule}", "seed=choice(0)"])))
    assert estimate([task], None)[task.id] > 0


def test_what_only_a_first_step_takes_is_not_taken_for_every_one(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = trainings(check_points(grid([*SMALL, "seed=choice(0)"])))
    monkeypatch.setattr(timing, "AFFORDABLE", 0.3)
    slept = list[float]()

    def slow_at_first(*given: Any) -> Any:
        if not slept:
            slept.append(0.5)
            time.sleep(0.5)
        return predict(*given)

    monkeypatch.setattr("qlab.jobs.sweep.timing.predict", slow_at_first)
    assert estimate([task], None)[task.id] < 1.0
    assert slept


@pytest.mark.slow
def test_the_end_of_many_short_epochs_counts(workplace: Path) -> None:
    words = ("head=linear", "trainer.epochs=1500")
    small = [word for word in SMALL if not word.startswith(("head", "trainer.epochs"))]
    (task,) = trainings(check_points(grid([*small, *words, "seed=choice(0)"])))
    expected = estimate([task], None)[task.id]
    assert list(workplace.iterdir()) == []
    sweep(check(Request.of_words([*small, *words, "seed=choice(0)"])))
    timing = TrainRecord.read(run_folder(workplace / "outputs", "", task.train_key).result).timing
    taken = timing["total"] - timing["data"] - timing["encoding"]
    assert expected / 2 < taken < 2 * expected


def test_tasks_that_take_equally_long_are_timed_once(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def timed(document: str) -> str:
        asked.append(json.loads(document))
        return json.dumps({"seconds": 10.0 * len(asked), "wrong": None})

    monkeypatch.setattr(estimating, "measure", timed)
    listed = tasks("seed=range(3)", "head.n_qubits=3,4", "noise=bit_flip", "noise.p=0.1,0.2", "backend.seed=0,1")
    seconds = estimate(listed, None)
    assert len(seconds) == len(listed) == 6 + 6 * 4
    assert [(task["stage"], task["config"]["head"]["n_qubits"]) for task in asked] == [
        ("training", 3), ("training", 4), *[("evaluation", 3)] * 2, *[("evaluation", 4)] * 2,
    ]  # fmt: skip
    assert set(seconds.values()) == {10.0, 20.0, 30.0, 40.0, 50.0, 60.0}


def test_after_the_time_for_it_the_mean_stands_for_the_rest(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([3.0, 5.0])
    monkeypatch.setattr(estimating, "measure", lambda document: json.dumps({"seconds": next(answers), "wrong": None}))
    clock = iter([0.0, 0.0, 20.0, 40.0, 41.0, 42.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    seconds = list(estimate(tasks("head.n_qubits=3,4,5,6"), None).values())
    assert seconds == [3.0, 5.0, 4.0, 4.0]


def test_data_that_do_not_fit_are_a_wrong_request(workplace: Path) -> None:
    with pytest.raises(RequestError, match=r"at dataset.n_train=5000: dataset.n_train=5000 and n_val=20 ask for 5020"):
        estimate(tasks("dataset.n_train=60,5000"), None)
    with pytest.raises(RequestError, match=r"at head.readout=expectations: .* 10 classes and 3 qubits"):
        estimate(tasks("head.readout=linear,expectations"), None)


def test_where_nothing_can_be_written_the_end_of_an_epoch_takes_no_time(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    whole = estimate(tasks("trainer.epochs=1000", "seed=choice(0)"), None)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    without = estimate(tasks("trainer.epochs=1000", "seed=choice(0)"), None)
    assert all(0 < without[name] < whole[name] for name in whole)


def test_what_fails_in_another_way_takes_no_time(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(timing, "build_model", fail)
    assert set(estimate(tasks("seed=0,1", "noise=bit_flip"), None).values()) == {0.0}


@pytest.mark.slow
def test_what_may_end_its_process_is_timed_in_another(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qlab.config import registry

    environment = install(workplace / "site")
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    monkeypatch.syspath_prepend(str(workplace / "site"))
    registry.plugins.cache_clear()
    try:
        listed = tasks("head=bad", "head.how=not,exit,raise")
        seconds = [estimate(listed, None)[task.id] for task in listed]
    finally:
        registry.plugins.cache_clear()
    assert seconds[0] > 0
    assert seconds[1:] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("seconds", "workers", "expected"),
    [([], 4, 0), ([1, 2, 3], 1, 6), ([1, 1, 1, 1], 2, 2), ([9, 1, 1, 1], 4, 9)],
)
def test_workers_share_what_can_be_shared(seconds: list[float], workers: int, expected: float) -> None:
    assert together(seconds, workers) == expected


def test_a_batch_that_memory_has_no_room_for_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    def step(size: int) -> None:
        raise MemoryError

    assert timing._waited_for(step, 8, 10.0) is None
    assert capsys.readouterr().err == ""
