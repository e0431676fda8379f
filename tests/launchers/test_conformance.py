"""Every launcher passes the suite that those of plugins have to pass, and the suite notices what it has to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from qlab.config import registry
from qlab.launchers.base import Answer, Launcher, Lost, Work
from qlab.launchers.serial import Serial
from qlab.testing.launchers import check_answers, check_closing, check_launcher, check_losses
from tests.launchers.test_workers import each_launcher


@each_launcher
def test_launchers_with_workers(launcher: str, tmp_path: Path) -> None:
    options = registry.options_class("launcher", launcher)(workers=2)
    if hasattr(options, "folder"):
        options.folder = str(tmp_path / "jobs")
    check_launcher(registry.build(options), tmp_path)


def test_the_launcher_without_workers(tmp_path: Path) -> None:
    check_answers(Serial(threads=None), tmp_path / "answers")


class Twice(Serial):
    """Runs the first task twice."""

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Answer, None, None]:
        list(super().run(work, arguments[:1]))
        yield from super().run(work, arguments)


class Shifted(Serial):
    """Takes one task for another."""

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Answer, None, None]:
        for outcome in super().run(work, arguments):
            yield Answer(len(arguments) - 1 - outcome.position, outcome.answer)


class Blaming(Serial):
    """Says of two tasks that they killed their worker where one did."""

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Any, None, None]:
        for position, argument in enumerate(arguments):
            (Path(json.loads(argument)["folder"]) / f"{position}.began").write_text("1")
            yield Lost(position, "it died") if position in (1, 2) else Answer(position, "")


class Careless(Serial):
    """Leaves a worker behind."""

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Answer, None, None]:
        self.worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (Path(json.loads(arguments[1])["folder"]) / "1.began").write_text(str(self.worker.pid))
        yield Answer(0, "")


@pytest.mark.parametrize(
    ("launcher", "check", "complaint"),
    [
        (Twice, check_answers, "task 0 ran 2 times"),
        (Shifted, check_answers, "task 0 came to"),
        (Blaming, check_losses, "cost others"),
    ],
)
def test_the_suite_notices(
    launcher: type[Serial], check: Callable[[Launcher, Path], None], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check(launcher(threads=None), tmp_path / "tasks")


def test_the_suite_notices_a_worker_that_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlab.testing.launchers.PATIENCE", 0.2)
    careless = Careless(threads=None)
    with pytest.raises(AssertionError, match="still runs"):
        check_closing(careless, tmp_path / "tasks")
    careless.worker.kill()
    careless.worker.wait()
