"""Jobs of a Slurm cluster, through submitit."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Collection, Generator, Sequence
from typing import Any

from qlab.errors import JobError, RequestError
from qlab.launchers.base import Outcome, Work
from qlab.launchers.death import one_line
from qlab.launchers.jobs import JobFolder, keep_off_standard_output, waiting
from qlab.launchers.resources import require
from qlab.launchers.worker import Call, environment
from qlab.process import interrupts_held

_LARGEST_ARRAY = 1000  # Slurm's own default is 1001
_PAUSE = 1.0
_SECONDS_BETWEEN_QUESTIONS = 30.0  # to Slurm; an answer that is there is seen at once
_GRACE = 15.0  # seconds for which a shared file system may hide the answer of a job that is over


class Slurm:
    """A job for each task, as one array: the death of one is the loss of its own task only."""

    def __init__(
        self,
        *,
        workers: int,
        threads: int,
        partition: str | None,
        account: str | None,
        timeout_min: int,
        mem_gb: float | None,
        setup: Sequence[str],
        sbatch: Sequence[str],
        folder: str | None,
    ) -> None:
        require("submitit", "slurm", "slurm")
        missing = next((program for program in ("sbatch", "srun") if shutil.which(program) is None), None)
        if missing is not None:
            raise RequestError(f"launcher=slurm needs the program {missing}: run it where jobs can be submitted")
        self.workers, self.threads = workers, threads
        self._folder = folder
        variables = (f"export {name}={value}" for name, value in environment(threads).items())
        given = {
            "mem_gb": mem_gb,
            "slurm_partition": partition,
            "slurm_account": account,
            "slurm_additional_parameters": dict(map(_option, sbatch)) or None,
        }
        self._parameters = {
            "name": "qlab",
            "cpus_per_task": threads,
            "timeout_min": timeout_min,
            "slurm_array_parallelism": workers,
            "slurm_setup": [*variables, *setup],
            # A step does not inherit this from its job.
            "slurm_srun_args": [f"--cpus-per-task={threads}"],
            **{name: value for name, value in given.items() if value is not None},
        }

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; see ``qlab.launchers.base``."""
        keep_off_standard_output()
        call = Call.of(work)
        with JobFolder(self._folder) as folder:
            for start in range(0, len(arguments), _LARGEST_ARRAY):
                yield from self._array(folder, call, arguments[start : start + _LARGEST_ARRAY], start)

    def _array(
        self, folder: JobFolder, call: Call, arguments: Sequence[str], start: int
    ) -> Generator[Outcome, None, None]:
        running: dict[Any, int] = {}
        try:
            with interrupts_held():
                jobs = self._submit(folder, call, arguments)
                running.update({job: start + place for place, job in enumerate(jobs)})
            over = waiting(_PAUSE, _Overseer())
            while running:
                for job in over(list(running)):
                    yield folder.outcome(running.pop(job), job, job.state)
        finally:
            _cancel(running)

    def _submit(self, folder: JobFolder, call: Call, arguments: Sequence[str]) -> Sequence[Any]:
        from submitit import AutoExecutor
        from submitit.core.utils import FailedJobError

        try:
            executor = AutoExecutor(folder.path, cluster="slurm")
            executor.update_parameters(**self._parameters)
            jobs: Sequence[Any] = executor.map_array(call, arguments)
        except (FailedJobError, OSError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
            raise JobError(f"Slurm does not take the jobs: {one_line(error)}") from error
        return jobs


def _option(words: str) -> tuple[str, str | bool]:
    """Return the name and the value of an option as on a command line; True where it has none."""
    name, has_value, value = words.lstrip("-").partition("=")
    return name, value if has_value else True


class _Overseer:
    """Tells whether a job is over."""

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._over_since: dict[str, float] = {}

    def __call__(self, job: Any) -> bool:
        if job.paths.result_pickle.exists():
            return True
        now = time.monotonic()
        ask = now - self._asked > _SECONDS_BETWEEN_QUESTIONS
        if ask:  # about this one; the answer is about all of them
            self._asked = now
        return job.done(force_check=ask) and now - self._over_since.setdefault(job.job_id, now) >= _GRACE


def _cancel(jobs: Collection[Any]) -> None:
    ids = [job.job_id for job in jobs]
    if ids:
        # By itself a job goes on for half a minute after it is cancelled.
        for words in (["scancel", "--signal=KILL", *ids], ["scancel", *ids]):
            subprocess.run(words, check=False, capture_output=True)
