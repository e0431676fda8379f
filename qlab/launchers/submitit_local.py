"""Jobs of this machine through submitit: what Slurm does, without Slurm."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Sequence
from contextlib import suppress
from typing import Any

import psutil

from qlab.launchers.base import Outcome, Work
from qlab.launchers.jobs import JobFolder, keep_off_standard_output, waiting
from qlab.launchers.resources import require, workers_for
from qlab.launchers.window import in_window
from qlab.launchers.worker import Call, environment, lent
from qlab.process import interrupts_held

_A_YEAR = 365 * 24 * 60  # minutes; submitit's own limit is two
_PAUSE = 0.05


class SubmititLocal:
    """A process for each task, and one that watches over it: the death of one is the loss of its own task only."""

    def __init__(self, *, workers: int | None, threads: int, folder: str | None) -> None:
        require("submitit", "submitit_local", "slurm")
        self.workers, self.threads = workers_for(workers, threads), threads
        self._folder = folder

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; see ``qlab.launchers.base``."""
        from submitit import LocalExecutor

        keep_off_standard_output()
        call = Call.of(work)
        running: dict[str, Any] = {}
        with JobFolder(self._folder) as folder:
            executor = LocalExecutor(folder.path)
            executor.update_parameters(timeout_min=_A_YEAR)

            def submit(argument: str) -> Any:
                with interrupts_held(), lent(environment(self.threads)):
                    job = executor.submit(call, argument)
                    running[job.job_id] = job
                return job

            try:
                over = waiting(_PAUSE, lambda job: bool(job.done()))
                for position, job in in_window(self.workers, arguments, submit, over):
                    del running[job.job_id]
                    yield folder.outcome(position, job)
            finally:
                _kill(running.values())


def _kill(jobs: Collection[Any]) -> None:
    for job in jobs:
        # A job is known by the process that watches over it. It is stopped first, or it might start one more.
        with suppress(psutil.NoSuchProcess):
            watcher = psutil.Process(int(job.job_id))
            watcher.suspend()
            for process in [*watcher.children(recursive=True), watcher]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
    while not all(job.done() for job in jobs):
        time.sleep(_PAUSE)
