"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore Ctrl-C, and that is inherited by what tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when PyTorch is imported: as the command line does

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory without any setting from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QLAB_DATA_DIR", raising=False)
    return tmp_path


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


Qlab = Callable[..., Answer]


@pytest.fixture
def qlab(workplace: Path, capsys: Capture) -> Qlab:
    """Run the command line in this process, in an empty working directory."""
    from qlab.cli.main import run

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(arguments)
        torch.set_num_threads(1)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of small real data files, where there is one."""
    root = Path(os.environ.get("QLAB_DATA_DIR", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / "mnist").is_dir():
        pytest.skip("no folder of real data: set QLAB_DATA_DIR to one that has mnist/")
    return root
