"""What Slurm and submitit's local executor have in common: jobs, each with files of its own."""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from qlab.launchers.base import Answer, Lost, Outcome


class JobFolder:
    """A folder for the scripts, documents and logs of jobs; those of jobs that were lost stay."""

    def __init__(self, parent: str | None) -> None:
        root = Path(parent) if parent else user_cache_path("qlab") / "jobs"
        self.path = root.absolute() / uuid.uuid4().hex[:12]
        self._lost = False

    def outcome(self, position: int, job: Any, state: str = "") -> Outcome:
        """Return what came of a job that has ended, in ``state`` if there is more than one way to."""
        if job.paths.result_pickle.exists():
            error = job.exception()
            if error is None:
                answer = Answer(position, job.result())
                for file in (job.paths.submitted_pickle, job.paths.result_pickle, job.paths.stdout, job.paths.stderr):
                    file.unlink(missing_ok=True)
                return answer
            last = _last_line(str(error).rpartition("\n---")[0])
        else:
            last = _last_line(job.stderr() or "")
        self._lost = True
        how = " ".join(filter(None, ("without an answer", state and f"in state {state}", last and f"({last})")))
        return Lost(position, f"its job {job.job_id} ended {how}; its log is {job.paths.stderr}")

    def __enter__(self) -> JobFolder:
        self.path.mkdir(parents=True)
        return self

    def __exit__(self, *error: object) -> None:
        if not self._lost:
            shutil.rmtree(self.path, ignore_errors=True)


def waiting(pause: float, is_over: Callable[[Any], bool]) -> Callable[[list[Any]], list[Any]]:
    """Return a function that looks at some jobs every ``pause`` seconds and returns all that are over, once any is."""

    def wait(jobs: list[Any]) -> list[Any]:
        while not (over := [job for job in jobs if is_over(job)]):
            time.sleep(pause)
        return over

    return wait


def keep_off_standard_output() -> None:
    """Take submitit's handlers away, which write to standard output; its warnings go to standard error."""
    logging.getLogger("submitit").handlers.clear()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
