"""Threads that share the work of a batch; kernels let go of the interpreter's lock.

A wide circuit hands over its steps, some hundred in a training step. That takes 7 us with the plain queues below, and
19 with futures.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from qlab.engine.compiled.jit import cores

Job = Callable[[int, int, int], None]
Ended = SimpleQueue[BaseException | None]
Tasks = SimpleQueue[tuple[Job, int, int, int, Ended]]


class _Crew:
    """The worker threads of this process; started at the first need."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: Tasks | None = None

    def tasks(self) -> Tasks:
        with self._lock:
            if self._tasks is None:
                self._tasks = SimpleQueue()
                for number in range(cores()):
                    threading.Thread(target=_work, args=(self._tasks,), name=f"qlab_{number}", daemon=True).start()
            return self._tasks


def _work(tasks: Tasks) -> None:
    while True:
        job, worker, first, last, ended = tasks.get()
        error = None
        try:
            job(worker, first, last)
        except BaseException as raised:
            error = raised
        del job  # it holds arrays, and the next one may be long in coming
        ended.put(error)
        del ended, error


_crew = _Crew()


def _after_fork() -> None:
    """Forget the parent's threads: a forked process does not have them."""
    global _crew  # noqa: PLW0603
    _crew = _Crew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def share(threads: int, pieces: int, job: Job) -> None:
    """Call ``job(worker, first, last)`` with ranges of pieces of work, in at most so many threads, this one included.

    What one of them raises is raised here, once all have ended.
    """
    workers = min(threads, pieces)
    ends = [worker * pieces // workers for worker in range(workers + 1)]
    tasks, ended = _crew.tasks(), Ended()
    for worker in range(1, workers):
        tasks.put((job, worker, ends[worker], ends[worker + 1], ended))
    try:
        job(0, 0, ends[1])
    finally:  # they work on the caller's memory
        errors = [ended.get() for _ in range(1, workers)]
    for error in errors:
        if error is not None:
            raise error
