"""Ray: workers of this machine, or of a cluster that is there."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qlab.errors import JobError
from qlab.launchers.base import Answer, Lost, Outcome, Work
from qlab.launchers.death import one_line
from qlab.launchers.resources import require, workers_at
from qlab.launchers.window import in_window
from qlab.launchers.worker import Call, environment, lent

_PATIENCE = 10.0  # seconds until a cluster has to answer


class Ray:
    """Processes that Ray starts, with one task at a time: the death of one is the loss of its own task only."""

    def __init__(self, *, workers: int | None, threads: int, address: str | None) -> None:
        require("ray", "ray", "ray")
        self.workers, self.threads = workers_at(address, workers, threads), threads
        self._address = address

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; see ``qlab.launchers.base``."""
        ray = _import_ray()
        with self._connected():
            # Ray would run the task of a dead worker again, three times.
            task = ray.remote(num_cpus=self.threads, max_retries=0)(_call)
            call = Call.of(work)

            def submit(argument: str) -> Any:
                return task.remote(call, argument)

            def ended(references: list[Any]) -> list[Any]:
                ready: list[Any] = ray.wait(references, num_returns=1)[0]
                return ready

            for position, reference in in_window(self.workers, arguments, submit, ended):
                yield _outcome(position, reference)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        ray = _import_ray()
        quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        own = {"num_cpus": self.workers * self.threads, "include_dashboard": False}
        try:
            _knock(self._address)
            with lent(environment(self.threads)):
                ray.init(**quiet, **(own if self._address is None else {}), address=self._address or "local")
        except (OSError, RuntimeError, ValueError) as error:
            raise JobError(f"Ray cannot be started or reached: {one_line(error)}") from error
        try:
            yield
        finally:
            ray.shutdown()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its makers about its use
    # Lines that match are not printed. Those about dead workers would go to standard output, whatever else is set.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    import ray

    return ray


def _call(call: Call, argument: str) -> str:
    return call(argument)


def _knock(address: str | None) -> None:
    """Raise an OSError if nobody listens at ``address``, where Ray would try for more than five minutes."""
    host, _, port = (address or "").rpartition("//")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


def _outcome(position: int, reference: Any) -> Outcome:
    ray = _import_ray()
    try:
        return Answer(position, ray.get(reference))
    except ray.exceptions.WorkerCrashedError:
        return Lost(position, "its process died")
    except ray.exceptions.RayError as error:
        return Lost(position, one_line(error))
