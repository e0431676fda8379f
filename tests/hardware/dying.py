"""A process that sends and fetches a run, and that SIGKILL ends at a step.

``python -m tests.hardware.dying ROOT [STEP]``. Steps are counted before and after everything that the journal writes;
without a number it lives.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from qlab import arrays
from qlab.hardware import journal as journal_module
from qlab.hardware.journal import Journal
from qlab.hardware.opening import open_service
from qlab.hardware.redaction import guard
from qlab.hardware.runner import Runner
from qlab.hardware.service import JobService, RunOptions
from tests.hardware.programs import program
from tests.hardware.runtime_server import DEVICE, without_cloud

REQUEST = {"run": "a"}


def begin(root: Path, service: JobService) -> Journal:
    """The run that every process of the test asks for."""
    return Journal.begin(root, [program(service.target)], service.device, RunOptions(), REQUEST)


def die_at(step: int) -> None:
    """Let SIGKILL end this process at a step."""
    steps = iter(range(step + 1))

    def tick() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    append, write_arrays = Journal.append, arrays.write_arrays

    def ticking_append(journal: Journal, chunk: int, stage: Any, **facts: Any) -> None:
        tick()
        append(journal, chunk, stage, **facts)
        tick()

    def ticking_write(*arguments: Any) -> None:
        tick()
        write_arrays(*arguments)
        tick()

    setattr(Journal, "append", ticking_append)  # noqa: B010
    setattr(journal_module, "write_arrays", ticking_write)  # noqa: B010


def main() -> None:
    """Do what the arguments say and print what was measured."""
    warnings.simplefilter("ignore")
    guard()
    without_cloud(setattr)
    root, step = Path(sys.argv[1]), sys.argv[2:]
    service = open_service(DEVICE)
    journal = begin(root, service)
    if step:
        die_at(int(step[0]))
    runner = Runner(journal, service, sleep=lambda seconds: None)
    runner.submit()
    (counts,) = runner.wait()
    print(int(counts.sum()), counts.shape)


if __name__ == "__main__":
    main()
