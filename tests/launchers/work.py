"""Tasks for launchers: each leaves a mark when it begins, and then answers, raises, waits or dies."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qlab.errors import QlabWarning


def work(document: str) -> str:
    task = json.loads(document)
    with marks(task["folder"], task["name"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    try:
        return json.dumps({"answer": DEEDS[task["do"]]()})
    except Exception as error:
        return json.dumps({"error": str(error)})


def marks(folder: str, name: str) -> Path:
    return Path(folder) / f"{name}.begun"


def runs(folder: str, name: str) -> int:
    """Return how often a task was begun."""
    path = marks(folder, name)
    return len(path.read_text().splitlines()) if path.exists() else 0


def _fail() -> None:
    raise ValueError("this is an answer, too")


def _exit() -> None:
    time.sleep(0.3)
    os._exit(1)


def _kill() -> None:
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


def _surroundings() -> dict[str, Any]:
    print("this must not get to standard output")
    warnings.warn("of a library", UserWarning, stacklevel=1)
    warnings.warn("of qlab", QlabWarning, stacklevel=1)
    names = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "NUMBA_NUM_THREADS")
    return {"folder": os.getcwd(), "pid": os.getpid(), **{name: os.environ.get(name) for name in names}}


def _print_from_c() -> None:
    ctypes.CDLL(None).printf(b"when the process ends")  # it stays in a buffer until then
    os.write(1, b"at once, ")


DEEDS: dict[str, Callable[[], Any]] = {
    "answer": lambda: time.sleep(0.1),
    "fail": _fail,
    "exit": _exit,
    "kill": _kill,
    "wait": lambda: time.sleep(600),
    "surroundings": _surroundings,
    "print_from_c": _print_from_c,
}
