"""How a process of qlab behaves: what it warns of, how its threads wait, and with whom it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qlab.errors import QlabWarning

_PR_SET_PDEATHSIG = 1


def settle() -> None:
    """Show qlab's own warnings as one line each and those of libraries not at all; let idle threads sleep.

    To be called before PyTorch is imported. Warnings stay as they are where the user has chosen (``python -W``).
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of the libraries, which would drown the one line that matters
        warnings.simplefilter("always", QlabWarning)
    warnings.formatwarning = _one_line
    # OpenMP's threads spin while they wait for each other; beside another job that costs many times the work itself.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def end_with(parent: int) -> None:
    """Let Linux kill this process when its parent, the process ``parent``, has ended; elsewhere do nothing."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C until the block ends; processes and threads that start in it never get it.

    A terminal sends it to every process of the command. Those that the first of them will end anyway had better not
    answer it each with a traceback of their own. Only the main thread can hold it back.
    """
    came: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    holds = threading.current_thread() is threading.main_thread() and handler is not None
    if holds:  # for what other threads catch is handled in this one
        signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    masks = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if holds:
            signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _one_line(message: Warning | str, *place: object, **line: object) -> str:
    return f"warning: {message}\n"
