"""Dask: workers of this machine, or of a cluster whose scheduler is there."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
import time
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from qlab.errors import JobError, OptionError
from qlab.launchers.base import Answer, Lost, Outcome, Suspect, Work, WorkersLost
from qlab.launchers.death import how, one_line
from qlab.launchers.resources import require, workers_at
from qlab.launchers.window import in_window
from qlab.launchers.worker import Call, environment, lent
from qlab.process import interrupts_held

_NANNY = "distributed.nanny"
_DIED = "its process died"
_LAST_WORDS = r"Worker process {pid} (?:exited with status (\d+)|was killed by signal (\d+))"
_LAST_WORDS_SECONDS = 1.0
_SECONDS_TO_END = 1.0
_PATIENCE = 10.0  # seconds until a scheduler has to answer
_SECONDS_TO_RESTART = 10.0
_SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # otherwise a task may kill three more workers
    "distributed.scheduler.worker-ttl": None,  # one that is busy for long is not dead
    "distributed.nanny.pre-spawn-environ": {},  # it would be set in this process, for good
}


class Dask:
    """Processes that Dask starts, with one thread each.

    The task that a worker was at when it died is a suspect, but so are any that waited for their turn at it. Answers
    that nobody had fetched from it yet are computed again.
    """

    def __init__(self, *, workers: int | None, threads: int, address: str | None) -> None:
        require("distributed", "dask", "dask")
        self.workers, self.threads = workers_at(address, workers, threads), threads
        self._address = address

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
        """Yield outcomes as they come; see ``qlab.launchers.base``."""
        import distributed

        call = Call.of(work)
        running: dict[str, Any] = {}
        with _Deaths() as deaths, self._connected(max(1, min(self.workers, len(arguments))), running) as client:

            def submit(argument: str) -> Any:
                future = client.submit(call, argument, key=f"qlab-{uuid.uuid4().hex}", pure=False)
                running[future.key] = future
                return future

            def ended(futures: list[Any]) -> list[Any]:
                try:
                    with client.as_current():
                        return list(distributed.wait(futures, return_when="FIRST_COMPLETED").done)
                except distributed.CancelledError as error:
                    raise WorkersLost("the scheduler is gone") from error

            for position, future in in_window(self.workers, arguments, submit, ended):
                del running[future.key]
                error = future.exception()
                if error is None:
                    yield Answer(position, future.result())
                elif isinstance(error, distributed.KilledWorker):
                    yield Suspect(position, deaths.of(error.last_worker.pid) if self._address is None else _DIED)
                else:
                    yield Lost(position, one_line(error))

    @contextmanager
    def _connected(self, workers: int, running: Mapping[str, Any]) -> Iterator[Any]:
        with ExitStack() as stack:
            try:
                if self._address is None:
                    client = stack.enter_context(_own_cluster(workers, self.threads))
                else:
                    client = stack.enter_context(_cluster_at(self._address, running))
            except (OSError, RuntimeError, ValueError) as error:
                raise JobError(f"Dask cannot be started or reached: {one_line(error)}") from error
            yield client


@contextmanager
def _own_cluster(workers: int, threads: int) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qlab-dask-"))
        stack.enter_context(dask.config.set(_SETTINGS))
        stack.enter_context(lent(environment(threads)))
        with interrupts_held():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=None,
                dashboard_address=None,
                local_directory=folder,
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(cluster)
        client = stack.enter_context(Client(cluster, set_as_default=False))
        try:
            yield client
        except BaseException:
            with suppress(TimeoutError):
                cluster.sync(_close, cluster.workers.values())
            raise


async def _close(nannies: Iterable[Any]) -> None:
    """End the workers of a cluster without waiting for their tasks."""
    await asyncio.gather(*(nanny.close(timeout=_SECONDS_TO_END) for nanny in nannies))


@contextmanager
def _cluster_at(address: str, running: Mapping[str, Any]) -> Iterator[Any]:
    from distributed import Client

    with Client(address, timeout=_PATIENCE, set_as_default=False) as client:
        if any(threads > 1 for threads in client.nthreads().values()):
            raise OptionError(f"the workers at {address} have several threads: start them with --nthreads 1")
        try:
            yield client
        except BaseException:
            # A worker cannot end its task alone. The others of the cluster may have work that is not ours.
            workers = [worker for worker, keys in client.processing().items() if running.keys() & set(keys)]
            client.cancel(list(running.values()))
            client.restart_workers(workers, timeout=_SECONDS_TO_RESTART, raise_for_error=False)
            raise


class _Deaths(logging.Handler):
    """Overhears, while it is entered, what the processes that watch the workers say about those that died."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self._said.append(record.getMessage())

    def of(self, pid: int) -> str:
        """Return how the process ``pid`` ended, which is said some time after its task is lost."""
        ends = time.monotonic() + _LAST_WORDS_SECONDS
        while time.monotonic() < ends:
            if found := re.search(_LAST_WORDS.format(pid=pid), "\n".join(self._said)):
                return how(int(found[1] or -int(found[2])))
            time.sleep(0.01)
        return _DIED

    def __enter__(self) -> _Deaths:
        self._logger = logging.getLogger(_NANNY)
        self._before = self._logger.level, self._logger.propagate
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        return self

    def __exit__(self, *error: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before[0])
        self._logger.propagate = self._before[1]
