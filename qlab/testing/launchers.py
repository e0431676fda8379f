"""What every launcher must be: checks that an author of one can call in a test.

Every check takes a launcher and a new folder that its workers see, and raises ``AssertionError`` with the reason.
``check_launcher`` does them all; one without workers, which runs tasks in this process, passes ``check_answers``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from qlab.launchers.base import Answer, Launcher
from qlab.launchers.isolation import launch
from qlab.testing.require import require

PATIENCE = 15.0
"""Seconds within which workers have to be gone after a launcher is closed."""


def check_launcher(launcher: Launcher, folder: Path) -> None:
    """Run every check."""
    check_answers(launcher, folder / "answers")
    check_losses(launcher, folder / "losses")
    check_closing(launcher, folder / "closing")


def check_answers(launcher: Launcher, folder: Path) -> None:
    """Every task runs once and is answered under its own position."""
    tasks = _tasks(folder, ["answer"] * 7)
    found = {outcome.position: outcome for outcome in launcher.run(work, tasks)}
    for position in range(len(tasks)):
        expected = Answer(position, json.dumps(position))
        require(found.get(position) == expected, f"task {position} came to {found.get(position)}, not to {expected}")
        require(len(_began(folder, position)) == 1, f"task {position} ran {len(_began(folder, position))} times")


def check_losses(launcher: Launcher, folder: Path) -> None:
    """A task that ends its process is lost, with a reason of one line, and all others are answered."""
    tasks = _tasks(folder, ["answer", "exit", "answer", "answer", "answer"])
    outcomes = launch(launcher, work, tasks, lambda position: bool(_began(folder, position)))
    found = {outcome.position: outcome for outcome in outcomes}
    lost = found.pop(1)
    require(not isinstance(lost, Answer), "a task that ended its process was answered")
    if not isinstance(lost, Answer):
        require(len(lost.reason.splitlines()) == 1, f"the reason of a loss is not one line: {lost.reason!r}")
    require(sorted(found) == [0, 2, 3, 4], f"besides the one that was lost, tasks {sorted(found)} of 5 have outcomes")
    others = [outcome for outcome in found.values() if not isinstance(outcome, Answer)]
    require(not others, f"a task that ended its process cost others: {others}")


def check_closing(launcher: Launcher, folder: Path) -> None:
    """To close the generator ends the workers on this machine in the middle of their tasks."""
    tasks = _tasks(folder, ["answer", *["wait"] * launcher.workers])
    outcomes = launcher.run(work, tasks)
    next(outcomes)
    ends = time.monotonic() + PATIENCE
    while not (workers := _began(folder, 1)) and time.monotonic() < ends:
        time.sleep(0.05)
    require(bool(workers), "a task did not begin although there was room for it")
    outcomes.close()
    ends = time.monotonic() + PATIENCE
    while (left := [worker for worker in workers if psutil.pid_exists(worker)]) and time.monotonic() < ends:
        time.sleep(0.05)
    require(not left, f"{PATIENCE:g} s after it was closed, worker {left} still runs")


def work(document: str) -> str:
    """Leave a mark, and answer, wait or end the process, as ``document`` says."""
    task = json.loads(document)
    with _mark(Path(task["folder"]), task["position"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if task["do"] == "exit":
        os._exit(1)
    if task["do"] == "wait":
        time.sleep(600)
    return json.dumps(task["position"])


def _tasks(folder: Path, deeds: Sequence[str]) -> list[str]:
    folder.mkdir(parents=True)
    return [
        json.dumps({"folder": str(folder.absolute()), "position": position, "do": deed})
        for position, deed in enumerate(deeds)
    ]


def _mark(folder: Path, position: int) -> Path:
    return folder / f"{position}.began"


def _began(folder: Path, position: int) -> list[int]:
    """Return the processes in which a task began, in their order."""
    path = _mark(folder, position)
    return [int(line) for line in path.read_text().split()] if path.exists() else []
