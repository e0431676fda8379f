"""Completion as a user meets it: in a real interactive bash, by pressing the tab key."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from qlab.cli.completion import SCRIPT, complete
from qlab.cli.main import app
from qlab.config import registry

PROMPT = "ready> "
Press = Callable[[str], str]


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """Type words, press tab, and return what the line has become."""
    if shutil.which("bash") is None:
        pytest.skip("no bash on this machine")
    folder = tmp_path_factory.mktemp("bash")
    program = folder / "qlab"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m qlab "$@"\n')
    program.chmod(0o755)
    (folder / "script").write_text(SCRIPT)
    shell = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile"],
        encoding="utf-8",
        timeout=20,
        cwd=str(folder),
        env=os.environ | {"TERM": "dumb"},
    )
    shell.setwinsize(40, 300)
    shell.sendline(
        f"PS1='{PROMPT}'; PATH={folder}:$PATH; bind 'set enable-bracketed-paste off'; source script; echo u''p"
    )
    shell.expect_exact("up\r\n")
    shell.expect_exact(PROMPT)

    def typed(words: str) -> str:
        shell.send(f"{words}\t")
        shell.send("#")  # ends the line, so that everything before it has been completed
        shell.expect_exact("#")
        line = str(shell.before).replace("\a", "")  # the bell rings where several words fit
        shell.send("\x15")  # clears the line
        shell.sendline("")
        shell.expect_exact(PROMPT)
        return line.rpartition(PROMPT)[2]

    yield typed
    shell.close(force=True)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("qlab tr", "qlab train "),
        ("qlab train datas", "qlab train dataset"),  # goes on with = or .
        ("qlab train exp", "qlab train experiment="),
        ("qlab train dataset=dig", "qlab train dataset=digits "),
        ("qlab train dataset=digits head.n_q", "qlab train dataset=digits head.n_qubits="),
        ("qlab train experiment=lego_quantum_dot_", "qlab train experiment=lego_quantum_dot_five_class "),
        ("qlab train trainer.opt", "qlab train trainer.optimizer="),
        ("qlab train --for", "qlab train --force "),
        ("qlab cat head/v", "qlab cat head/vqc "),
        ("qlab ls exp", "qlab ls experiment "),
        ("qlab hw-run can", "qlab hw-run cancel "),
        ("qlab compare see", "qlab compare seed"),  # seed= and seeds=
    ],
)
def test_tab_in_bash(words: str, line: str, press: Press) -> None:
    assert press(words) == line


def test_completions_are_complete_words(workplace: Path) -> None:
    assert complete(app, "qlab train dataset=") == registry.names("dataset")
    assert complete(app, "qlab p") == ["plan", "pretrain"]
    assert "head." in complete(app, "qlab train head")
    assert not [word for word in complete(app, "qlab train ") if word.startswith("hydra")]


def test_words_of_a_sweep_are_completed(workplace: Path) -> None:
    assert complete(app, "qlab sweep launcher=jo") == ["joblib"]
    assert complete(app, "qlab sweep seed=1,2 la") == ["launcher.", "launcher="]
    assert complete(app, "qlab sweep launcher=joblib launcher.w") == ["launcher.workers="]
    assert "launcher.workers=2" not in complete(app, "qlab sweep launcher=joblib head=v")
    assert complete(app, "qlab sweep launcher=joblib head=v") == ["vqc"]


def test_runs_are_completed(workplace: Path) -> None:
    (workplace / "outputs" / "runs" / "lego-0123").mkdir(parents=True)
    assert complete(app, "qlab eval le") == ["lego-0123"]
    assert "backend=" in complete(app, "qlab eval lego-0123 back")


def test_nonsense_completes_to_nothing(workplace: Path) -> None:
    assert complete(app, "qlab nonsense x") == []
