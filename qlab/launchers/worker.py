"""What a worker runs: one task, where and as the launching process would run it itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from importlib import import_module

from qlab.launchers.base import Work
from qlab.process import settle

_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True)
class Call:
    """A task as it travels to a worker.

    Attributes:
        work: the function, as ``module:name``, so that a worker imports it only after it has settled.
        folder: where the launching process works: a relative path means the same in both.
    """

    work: str
    folder: str

    @staticmethod
    def of(work: Work) -> Call:
        """Return the call of ``work`` from here."""
        return Call(f"{work.__module__}:{work.__qualname__}", os.getcwd())

    def __call__(self, argument: str) -> str:
        """Return the answer of the task; what it prints goes to standard error, for standard output has readers.

        This holds for what libraries in C print, too, and for good: they may write it only when the worker ends.
        """
        os.chdir(self.folder)
        settle()
        with suppress(OSError):  # of a process without standard error
            os.dup2(2, 1)
        module, _, name = self.work.partition(":")
        with redirect_stdout(sys.stderr):
            answer: str = getattr(import_module(module), name)(argument)
        return answer


def environment(threads: int) -> dict[str, str]:
    """Return the variables of a process whose libraries are to use so many threads."""
    return {**dict.fromkeys(_THREAD_COUNTS, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}


@contextmanager
def lent(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process's environment until the block ends; processes that start in it inherit them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
