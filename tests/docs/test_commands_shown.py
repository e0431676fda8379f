"""Every command that help, README and documentation show is one that works."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.conftest import Capture
from tests.docs.conftest import ROOT
from tests.docs.rehearsal import examples, rehearse, shown_in

TUTORIAL = ROOT / "docs" / "tutorial.md"  # which is executed as it stands
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").rglob("*.md")) - {TUTORIAL})]
IN_HELP = sorted(examples())
IN_PAGES = sorted({line for page in PAGES for line in shown_in(page)} - set(IN_HELP))
SLOW = ("attack", "compare", "diagnose", "eval", "hw-run", "sweep")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small runs, and files of the names that documentation gives to a user's own."""
    from qlab.cli.main import run

    folder = tmp_path_factory.mktemp("place")
    small = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=30", "dataset.n_test=40", "trainer.epochs=1")
    for name in ("first", "other"):
        words = (*small, "head.n_qubits=4", f"name={name}", f"output_dir={folder / 'outputs'}")
        assert run(["train", *words, *(["seed=1"] if name == "other" else [])]) == 0
    (folder / "DIR").mkdir()
    lines = [f"{'ACGT' * 10},{index % 2}" for index in range(60)]
    for name in ("FILE", "windows.csv"):
        (folder / name).write_text("\n".join(["sequence,label", *lines]) + "\n")
    return folder


def marked(line: str) -> object:
    return pytest.param(line, marks=pytest.mark.slow) if line.split()[1] in SLOW else line


@pytest.mark.parametrize("line", [marked(line) for line in IN_HELP])
def test_the_example_of_a_help_works(line: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    check(line, place, monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("line", IN_PAGES)
def test_what_a_page_shows_works(line: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    check(line, place, monkeypatch, capsys)


def check(line: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(place)
    monkeypatch.delenv("QLAB_DATA_DIR", raising=False)
    code = rehearse(line, "first", "other")
    torch.set_num_threads(1)
    assert code == 0, capsys.readouterr().err


def test_a_command_that_does_not_work_is_noticed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert rehearse("qlab train dataset=digits head.n_qubit=4", "first", "other") == 2
    assert rehearse("qlab ls heads", "first", "other") == 2
    with pytest.raises(Exception, match="No such option"):
        rehearse("qlab bench --quicker", "first", "other")
