"""``qlab attack``: what it prints, one line for whatever it cannot do, and that a kill costs nothing but time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qlab.api import load
from qlab.cli.completion import complete
from qlab.cli.main import app, run
from qlab.records.store import read_npz
from tests.conftest import Qlab
from tests.jobs.sweep.small import SMALL

TRAIN = (
    "train", "dataset=digits", "dataset.n_train=150", "dataset.n_val=40", "dataset.n_test=60", "encoder=identity",
    "encoder.n_features=null", "head=linear", "trainer.epochs=3", "trainer.lr=0.05", "name=small",
)  # fmt: skip
QUICK = ("eps=[8/255,0.3]", "steps=4", "restarts=1", "queries=20")
WRONG = {
    "run": (("smal1",), "unknown run or comparison 'smal1'; known: small-"),
    "attack": (("small", "attacks=[pdg]"), "attacks=pdg is not one of fgsm, pgd, square; did you mean 'pgd'?"),
    "no attack": (("small", "attacks=[]"), "attacks=[]: name at least one of fgsm, pgd, square"),
    "transfer": (("small", "attacks=[pgd,transfer]"), "twin=RUN adds the transfer"),
    "option": (("small", "step_size=0.1"), "unknown option 'step_size'"),
    "eps": (("small", "eps=[8/x]"), "eps=8/x: a number or a fraction is wanted"),
    "negative eps": (("small", "eps=[-0.1]"), "eps=-0.1 is out of range: it must be between 0 and 1000"),
    "no eps": (("small", "eps=[0]"), "eps: give at least one above 0"),
    "units": (
        ("small", "units=pixels"),
        "units=pixels is not one of pixel, normalised, feature; did you mean 'pixel'?",
    ),
    "units that do not fit": (("small", "units=normalised"), "encoder=identity does not normalise images"),
    "steps": (("small", "steps=0"), "steps=0 is out of range: it must be at least 1"),
    "loss": (("small", "loss=cross"), "did you mean 'cross_entropy'?"),
    "models of a run": (("small", "models=[linear]"), "is a run; models are chosen of a comparison"),
    "twin": (("small", "twin=big"), "unknown run 'big'"),
    "place": (("small", "data_dir=nowhere"), "data_dir=nowhere is not a folder"),
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with one finished run, which nothing may add to."""
    folder = tmp_path_factory.mktemp("attacked")
    assert run([*TRAIN, f"output_dir={folder}"]) == 0
    return folder


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_request_is_one_line(kind: str, qlab: Qlab, outputs: Path) -> None:
    words, expected = WRONG[kind]
    answer = qlab("attack", *words, f"output_dir={outputs}")
    assert answer.code == 2
    assert answer.out == ""
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert not list(outputs.rglob("attacks"))


def test_a_run_that_is_not_finished(qlab: Qlab) -> None:
    path = Path(json.loads(qlab(*TRAIN, "--json").out)["path"])
    (path / "result.json").unlink()
    answer = qlab("attack", "small", *QUICK)
    assert answer.code == 2
    assert "is not finished; repeat its command" in answer.err


def test_tables_for_people_and_json(qlab: Qlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert qlab(*TRAIN).code == 0
    answer = qlab("attack", "small", *QUICK)
    assert answer.code == 0, answer.err
    for text in ("Rightly answered under attack", "8/255", "all together", "Signs of masked gradients", "written: "):
        assert text in answer.out
    again = qlab("attack", "small", *QUICK)
    assert again.out == answer.out.replace("written: ", "found: ")
    document = json.loads(qlab("attack", "small", *QUICK, "--json").out)
    assert (document["found"], document["made_by_other_code"]) == (True, None)
    names = ["reaches zero", "more steps", "losses", "fgsm against pgd", "square against pgd", "flat gradients"]
    assert [check["name"] for check in document["checks"]] == names
    assert all(check["sentence"] for check in document["checks"])


def test_a_result_is_found_without_pytorch(qlab: Qlab) -> None:
    assert qlab(*TRAIN).code == 0
    words = ("attack", "small", *QUICK)
    assert qlab(*words).code == 0
    code = f"import sys; from qlab.cli.main import run; run({words!r}); print(sorted({{'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_kill_leaves_no_result_and_the_command_repeated_gives_that_of_one_that_was_left_alone(
    sent: signal.Signals, code: int, qlab: Qlab, workplace: Path
) -> None:
    assert qlab(*TRAIN).code == 0
    shutil.copytree("outputs", "alone")
    long = ("attack", "small", "eps=[0.001,0.05]", "attacks=[fgsm,square]", "queries=4000")
    out, err, returned = killed(long, sent, workplace)
    assert (returned, out) == (code, ""), err
    if sent == signal.SIGINT:
        assert err.splitlines()[-1] == "error: interrupted; repeat the command to go on"
    assert not list(workplace.rglob("attacks/*/result.json"))
    again = json.loads(qlab(*long, "--json").out)
    alone = json.loads(qlab(*long, "output_dir=alone", "--json").out)
    assert not again["found"]
    assert "alone" in alone["path"]
    for name in ("key", "clean", "curves", "worst", "checks"):
        assert again[name] == alone[name]
    arrays, expected = (read_npz(Path(one["path"]) / "fooled.npz") for one in (again, alone))
    assert expected["square"].any()
    assert not expected["square"].all()
    assert all((arrays[name] == expected[name]).all() for name in expected)


def killed(words: tuple[str, ...], sent: signal.Signals, workplace: Path) -> tuple[str, str, int]:
    """Send a signal to a command a moment after it has begun to attack; return its outputs and its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qlab", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(workplace.glob("outputs/runs/*/.*.lock")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    return out, err, process.returncode


@pytest.mark.slow
def test_a_comparison(qlab: Qlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    compare = ("compare", "--yes", *SMALL, "seeds=2", "twins=[linear,neighbours]", "name=both")
    assert qlab(*compare).code == 0
    (folder,) = Path("outputs/comparisons").iterdir()
    words = ("attack", folder.name, "units=feature", "eps=[0.5]", "steps=2", "attacks=[fgsm,pgd]")
    answer = qlab(*words)
    assert answer.code == 0, answer.err
    for text in ("all together", "2 seeds cannot reach p < 0.05", "Left out: neighbours, ", "written: "):
        assert text in answer.out
    assert "run 5 of 5: neighbours, seed 1 (both-" in answer.err
    document = json.loads(qlab(*words, "--json").out)
    assert document["found"]
    assert [row["twin"] for row in document["rows"]] == ["linear"] * 4
    wrong = qlab("attack", folder.name, "units=feature", "models=[liner]")
    assert wrong.code == 2
    assert "unknown model 'liner'; did you mean 'linear'" in wrong.err
    damaged = load(document["runs"][-1]["run"])
    damaged.folder.model.write_bytes(b"")
    answer = qlab(*words, "--force")
    assert answer.code == 1
    assert "Missing: linear, seed 1: " in answer.out
    assert "error: 1 of 4 runs could not be attacked (linear, seed 1: " in answer.err


def test_words_are_completed(qlab: Qlab) -> None:
    assert qlab(*TRAIN).code == 0
    (name,) = complete(app, "qlab attack sm")
    assert name.startswith("small-")
    assert complete(app, "qlab attack small que") == ["queries="]
    assert complete(app, "qlab atta") == ["attack"]


def test_the_config_is_printed(qlab: Qlab) -> None:
    answer = qlab("attack", "any", "--cfg", "job", "steps=7")
    assert answer.code == 0
    assert "steps: 7" in answer.out
