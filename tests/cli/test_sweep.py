"""``qlab sweep``: the plan, the question, what is printed, and the exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pexpect
import pytest

from qlab.cli.sweep_tables import about
from qlab.jobs.sweep import plan as planning
from tests.conftest import Qlab
from tests.jobs.sweep.small import DIVERGES, SMALL

NOISY = ("noise=bit_flip", "noise.p=0.01,0.1", "seed=0,1")


def test_a_sweep_from_plan_to_table(qlab: Qlab, workplace: Path) -> None:
    planned = qlab("sweep", *SMALL, *NOISY, "--plan")
    assert planned.code == 0, planned.err
    assert "4 points; trainings: 2 to run; evaluations: 4 to run; a few seconds" in planned.out
    assert list(workplace.glob("outputs/*")) == []
    done = qlab("sweep", *SMALL, *NOISY)
    assert done.code == 0, done.err
    assert "evaluations: 4 to run" in done.err
    assert len([line for line in done.err.splitlines() if "accuracy" in line]) == 6
    (folder,) = (workplace / "outputs" / "sweeps").iterdir()
    names = ("sweep.yaml", "points.json", "results.csv", "results.md", "results.tex", "figure.svg", "report.html")
    assert {path.name for path in folder.iterdir()} >= set(names)
    assert f"outputs/sweeps/{folder.name}" in done.out
    assert "95 % interval" in done.out
    assert len(pd.read_csv(folder / "results.csv")) == 4
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    again = qlab("sweep", *SMALL, *NOISY, "--json")
    assert "trainings: 0 to run, 2 found; evaluations: 0 to run, 4 found" in again.err
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == files
    answer = json.loads(again.out)
    assert answer["counts"] == {"done": 4}
    assert answer["path"] == f"outputs/sweeps/{folder.name}"
    assert [row["noise.p"] for row in answer["rows"]] == [0.01, 0.01, 0.1, 0.1]
    assert [row["accuracy"] for row in answer["rows"]] == pd.read_csv(folder / "results.csv")["accuracy"].tolist()


def test_the_plan_as_json_says_what_is_found(qlab: Qlab) -> None:
    assert qlab("sweep", *SMALL, "seed=0,1").code == 0
    answer: dict[str, Any] = json.loads(qlab("sweep", *SMALL, "seed=0,2", "noise=bit_flip", "--plan", "--json").out)
    assert answer["trainings"] == {"run": 1, "found": 1, "left": 0}
    assert answer["evaluations"] == {"run": 2, "found": 0, "left": 0}
    assert answer["seconds"] > 0
    assert answer["workers"] == 1
    assert [point["values"] for point in answer["points"]] == [{"seed": 0}, {"seed": 2}]
    assert answer["points"][0]["training"] == "found"
    assert answer["points"][1]["training"].startswith("to run, ")


def test_the_plan_says_what_points_share(qlab: Qlab) -> None:
    words = ("noise=none,bit_flip", "backend.simulation=density,trajectories", "seed=0,1")
    answer = qlab("sweep", *SMALL, *words, "--plan")
    assert "8 points (4 share a computation); trainings: 2 to run; evaluations: 4 to run" in answer.out


def test_a_sign_before_a_key_makes_no_second_key(qlab: Qlab) -> None:
    given = [word for word in SMALL if not word.startswith("head.n_qubits")]
    answer = qlab("sweep", *given, "head.n_qubits=2,3", "seed=0,1", "++head.n_qubits=3,4", "--json")
    rows = json.loads(answer.out)["rows"]
    assert [(row["head.n_qubits"], row["seed"]) for row in rows] == [(3, 0), (3, 1), (4, 0), (4, 1)]
    assert len({row["train_key"] for row in rows}) == 4


def test_a_failed_point_is_named_with_its_log_and_the_code_is_one(qlab: Qlab, workplace: Path) -> None:
    answer = qlab("sweep", *SMALL, *DIVERGES, "seed=0,1")
    assert answer.code == 1
    assert answer.err.splitlines()[-1] == "error: of 4 points: 2 diverged; --rerun-failed tries again"
    (line, _) = [line for line in answer.err.splitlines() if line.startswith("diverged  trainer.weight_decay=")]
    log = line.rpartition("(")[2].rstrip(")")
    assert "DivergedError" in (workplace / log).read_text()
    assert "Traceback" not in answer.err
    assert "2 of 4 points are not done: 2 diverged." in answer.out.splitlines()
    again = qlab("sweep", *SMALL, *DIVERGES, "seed=0,1", "--json")
    assert again.code == 1
    assert "trainings: 0 to run, 2 found, 2 failed before" in again.err
    assert json.loads(again.out)["counts"] == {"done": 2, "diverged": 2}
    assert [row["accuracy"] for row in json.loads(again.out)["rows"]][2:] == [None, None]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=1"], "nothing is swept"),
        (["seed=range(2)", "head.qbits=3"], "at seed=0: unknown option 'head.qbits'; did you mean 'head.n_qubits'?"),
        (["seed=0,1", "--paired", "seed,head.n_qubits"], "--paired seed,head.n_qubits: 'head.n_qubits' is not swept"),
        (["seed=0,1", "head.n_layers=1,2,3", "--paired", "seed,head.n_layers"], "seed has 2, head.n_layers has 3"),
        (["seed=0,1", "launcher=joblob"], "unknown launcher 'joblob'; did you mean 'joblib'?"),
        (["seed=0,1", "launcher=joblib,dask"], "launcher=joblib,dask: one value is wanted here"),
        (["seed=0,1", "launcher=joblib", "launcher.workers=0"], "launcher.workers=0 is out of range"),
        (["seed=0,1", "launcher.workers=2"], "unknown option 'launcher.workers'"),
        (
            ["seed=0,1", "dataset.n_train=60,5000"],
            "at seed=0 dataset.n_train=5000: dataset.n_train=5000 and n_val=20 ask for 5020",
        ),
        (["seed=0,1", "-e", "nowhere"], "unknown experiment 'nowhere'"),
    ],
)
def test_a_wrong_request_is_one_line(words: list[str], message: str, qlab: Qlab, workplace: Path) -> None:
    small = [word for word in SMALL if word.partition("=")[0] not in {given.partition("=")[0] for given in words}]
    answer = qlab("sweep", *small, *words)
    assert answer.code == 2, answer.err
    (error,) = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert message in error
    assert "Traceback" not in answer.err
    assert not list(workplace.glob("outputs/*"))


def test_a_long_sweep_asks(qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "estimate", lambda tasks, threads: {task.id: 400.0 for task in tasks})
    answer = qlab("sweep", *SMALL, "seed=0,1")
    assert answer.code == 2
    assert "this takes about 13 min: say --yes if that is meant" in answer.err
    assert not (workplace / "outputs").exists()
    assert qlab("sweep", *SMALL, "seed=0,1", "--yes").code == 0


def test_a_sweep_that_is_declined_is_not_begun(qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "estimate", lambda tasks, threads: {task.id: 400.0 for task in tasks})
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *words, **options: False)
    answer = qlab("sweep", *SMALL, "seed=0,1")
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == "error: not begun"
    assert not (workplace / "outputs").exists()


def test_workers_share_the_time(qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "estimate", lambda tasks, threads: {task.id: 100.0 for task in tasks})
    words = ("sweep", *SMALL, "seed=range(4)", "noise=lego", "--plan", "--json")
    assert json.loads(qlab(*words).out)["seconds"] == 800
    assert json.loads(qlab(*words, "launcher=joblib", "launcher.workers=3").out)["seconds"] == pytest.approx(800 / 3)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "a few seconds"),
        (44, "about 40 s"),
        (100, "about 2 min"),
        (780, "about 13 min"),
        (5000, "about 83 min"),
        (9000, "about 2.5 h"),
        (100_000, "about 28 h"),
    ],
)
def test_durations_as_one_says_them(seconds: float, said: str) -> None:
    assert about(seconds) == said


@pytest.mark.slow
def test_a_terminal_shows_how_far_it_is(workplace: Path) -> None:
    words = [*SMALL, "seed=range(4)", "trainer.epochs=30", "trainer.batch_size=2"]
    shell = pexpect.spawn(
        sys.executable, ["-m", "qlab", "sweep", *words], timeout=90, encoding="utf-8", dimensions=(30, 120)
    )
    shell.expect("of 4 done")
    shell.expect("best so far 0.[0-9]+: seed=")
    shell.expect("0:0[0-9]:[0-9]+ left")
    shell.expect("95 % interval")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
