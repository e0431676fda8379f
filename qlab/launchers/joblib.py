"""Workers of this machine: the process pool that joblib is built on."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool

from qlab.launchers.base import Answer, Lost, Outcome, Work, WorkersLost
from qlab.launchers.death import how, one_line
from qlab.launchers.resources import workers_for
from qlab.launchers.window import in_window
from qlab.launchers.worker import Call, environment
from qlab.process import end_with, interrupts_held

_EXIT_CODE = re.compile(r"exit codes of the workers are \{\w+\((-?\d+)\)")


class Joblib:
    """Processes that take one task after the other; when one of them dies, the pool ends them all."""

    def __init__(self, *, workers: int | None, threads: int) -> None:
        self.workers, self.threads = workers_for(workers, threads), threads

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; see ``qlab.launchers.base``."""
        # joblib.Parallel drops finished answers when a worker dies, and runs in this process with one worker only.
        from joblib.externals.loky import ProcessPoolExecutor

        call = Call.of(work)
        size = max(1, min(self.workers, len(arguments)))
        pool = ProcessPoolExecutor(size, env=environment(self.threads), initializer=end_with, initargs=(os.getpid(),))
        death: BaseException | None = None
        is_over = False
        try:
            over = in_window(2 * size, arguments, lambda argument: _submit(pool, call, argument), _ended)
            for position, future in over:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    death = error
                else:
                    yield Answer(position, future.result()) if error is None else Lost(position, one_line(error))
            is_over = True
        finally:
            pool.shutdown(kill_workers=not is_over)
        if death is not None:
            raise WorkersLost(_how(death)) from death


def _submit(pool: Executor, call: Call, argument: str) -> Future[str]:
    with interrupts_held():
        try:
            future = pool.submit(call, argument)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        # One that is still on its way would make the pool stumble if it were told to end now.
        while not (future.running() or future.done()):
            time.sleep(0.001)
        return future


def _ended(futures: list[Future[str]]) -> Iterable[Future[str]]:
    return wait(futures, return_when=FIRST_COMPLETED).done


def _how(death: BaseException) -> str:
    found = _EXIT_CODE.search(str(death))
    return how(int(found[1])) if found else one_line(death)
