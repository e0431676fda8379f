"""Launchers in a process of their own, as the command line has them, and what that process leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
TOKEN = "QLAB_TEST_TOKEN"
PROMPT = 5.0
"""Seconds within which everything has to be over after an interrupt; idle machines take a tenth of it."""


@dataclass
class Command:
    """A running program of ``tests.launchers.command``."""

    process: subprocess.Popen[str]
    token: str

    def result(self, patience: float = 120) -> tuple[dict[str, Any], str]:
        """Return the outcomes by task, and what stands on standard error."""
        out, err = self.process.communicate(timeout=patience)
        assert self.process.returncode == 0, err
        return json.loads(out), err

    def others(self) -> list[psutil.Process]:
        """Return the processes that came of it, but for itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(TOKEN) == self.token and process.pid != self.process.pid:
                    found.append(process)
            except psutil.Error:  # it has ended, or is somebody else's
                continue
        return found

    def others_are_gone(self, patience: float = 5) -> bool:
        """Return whether within ``patience`` seconds nothing of it is left."""
        ends = time.monotonic() + patience
        while self.others() and time.monotonic() < ends:
            time.sleep(0.05)
        return not self.others()


@dataclass
class Launch:
    """Starts commands, and kills what is left of them."""

    folder: Path
    started: list[Command] = field(default_factory=list)

    def __call__(self, launcher: str, tasks: dict[str, str], **options: Any) -> Command:
        if launcher in ("submitit_local", "slurm"):
            options = {"folder": str(self.folder / "jobs"), **options}
        request = {"launcher": launcher, "options": options, "folder": str(self.folder), "tasks": tasks}
        token = uuid.uuid4().hex
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.launchers.command", json.dumps(request)],
            cwd=ROOT,
            env={**os.environ, TOKEN: token},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(Command(process, token))
        return self.started[-1]


@pytest.fixture
def launch_command(tmp_path: Path) -> Iterator[Launch]:
    launch = Launch(tmp_path)
    yield launch
    for command in launch.started:
        command.process.kill()
        command.process.communicate()
        for process in command.others():
            with suppress(psutil.NoSuchProcess):
                process.kill()


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, "it took too long"
        time.sleep(0.02)
