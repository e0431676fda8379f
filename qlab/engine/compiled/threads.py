"""Threads that share the chunks of a batch; kernels let go of the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from qlab.engine.compiled.jit import cores

T = TypeVar("T")
Job = Callable[[int, int, int], T]


class _Crew:
    """The worker threads of this process; started at the first need."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(cores(), thread_name_prefix="qlab")
            return self._executor


_crew = _Crew()


def _after_fork() -> None:
    """Forget the parent's threads: a forked process does not have them."""
    global _crew  # noqa: PLW0603
    _crew = _Crew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def share(threads: int, chunks: int, job: Job[T]) -> list[T]:
    """Return what ``job(worker, first, last)`` returns for ranges of chunks, one for each of at most ``threads``."""
    workers = min(threads, chunks)
    if workers <= 1:
        return [job(0, 0, chunks)]
    ends = [worker * chunks // workers for worker in range(workers + 1)]
    executor = _crew.executor()
    others = [executor.submit(job, worker, ends[worker], ends[worker + 1]) for worker in range(1, workers)]
    try:
        mine = job(0, 0, ends[1])
    finally:
        for other in others:  # they work on the caller's memory
            other.exception()
    return [mine, *(other.result() for other in others)]
