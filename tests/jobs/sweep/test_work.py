"""What a worker makes of a task: its answer, its log, its state."""

from __future__ import annotations

import errno
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from qlab.config.grid import grid
from qlab.errors import DivergedError, QlabWarning
from qlab.jobs.sweep import state
from qlab.jobs.sweep import work as working
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.points import check_points
from qlab.jobs.sweep.task import document, evaluations, trainings
from qlab.jobs.sweep.work import complaint, work
from tests.jobs.sweep.small import SMALL


@pytest.fixture
def folder(workplace: Path) -> SweepFolder:
    return SweepFolder(workplace / "sweep")


def documents(folder: SweepFolder, *words: str, threads: int | None = None) -> list[str]:
    points = check_points(grid([*SMALL, *words]))
    tasks = [*trainings(points), *evaluations(points)]
    return [document(task, folder, "session", threads, force=False, in_process=True) for task in tasks]


def test_a_training_and_its_evaluation(folder: SweepFolder) -> None:
    training, evaluation = documents(folder, "noise=bit_flip", "noise.p=choice(0.1)")
    for task in (training, evaluation):
        answer = json.loads(work(task))
        assert set(answer) == {"accuracy", "error", "diverged", "seconds"}
        assert 0 <= answer["accuracy"] <= 1
        assert answer["error"] == ""
        assert not Path(json.loads(task)["state"]).exists()
    assert "epoch 2/2" in Path(json.loads(training)["log"]).read_text()
    assert "evaluated 40 examples" in Path(json.loads(evaluation)["log"]).read_text()
    before = Path(json.loads(evaluation)["log"]).read_text()
    assert json.loads(work(evaluation))["accuracy"] == answer["accuracy"]  # found
    assert Path(json.loads(evaluation)["log"]).read_text() == before


def test_threads_are_the_workers_unless_the_user_says_otherwise(folder: SweepFolder) -> None:
    words = [word for word in SMALL if word != "threads=1"]
    (point,) = check_points(grid([*words, "seed=choice(0)"]))
    (task,) = trainings([point])
    said = json.loads(document(task, folder, "s", 3, force=False, in_process=True))["config"]
    assert said["threads"] == 3
    assert json.loads(documents(folder, "seed=choice(0)", threads=3)[0])["config"]["threads"] == 1


@pytest.mark.parametrize(
    ("error", "line", "passing"),
    [
        (DivergedError("the loss is nan"), "the loss is nan", False),
        (MemoryError(), "not enough memory", False),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes"), "not enough memory", False),
        (OSError(errno.ENOSPC, "No space left on device", "file"), "file: No space left on device", True),
        (ValueError("two\nlines"), "ValueError: two lines", False),
        (SystemExit(3), "SystemExit: 3", False),
    ],
)
def test_whatever_goes_wrong_is_an_answer(
    error: BaseException, line: str, passing: bool, folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **more: object) -> None:
        raise error

    (task,) = documents(folder, "seed=choice(0)")
    monkeypatch.setattr(working, "train", fail)
    answer = json.loads(work(task))
    assert (answer["accuracy"], answer["error"], complaint(error)) == (None, line, line)
    known = state.read(Path(json.loads(task)["state"]))
    kind = "diverged" if isinstance(error, DivergedError) else "failed"
    assert answer["diverged"] is (kind == "diverged")
    assert known == state.State(kind, "session", error=line, passing=passing)
    assert "Traceback" in Path(json.loads(task)["log"]).read_text()


def test_an_interrupt_passes_and_leaves_no_state(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    (task,) = documents(folder, "seed=choice(0)")
    monkeypatch.setattr(working, "train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        work(task)
    assert not Path(json.loads(task)["state"]).exists()


def test_warnings_of_qlab_go_to_the_log(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*given: object, **more: object) -> Any:
        warnings.warn("of a library", UserWarning, stacklevel=1)
        warnings.warn("of qlab", QlabWarning, stacklevel=1)
        raise ValueError

    (task,) = documents(folder, "seed=choice(0)")
    monkeypatch.setattr(working, "train", warn)
    work(task)
    log = Path(json.loads(task)["log"]).read_text()
    assert "warning: of qlab" in log
    assert "of a library" not in log
