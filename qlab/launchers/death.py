"""How a worker ended, in words."""

from __future__ import annotations

import signal


def how(exit_code: int) -> str:
    """Return what became of a process, from its exit code; a negative one is the number of a signal."""
    if exit_code == -signal.SIGKILL:
        return "its process was killed by SIGKILL, as the system does when memory runs out"
    if exit_code < 0:
        return f"its process was killed by {signal.Signals(-exit_code).name}"
    return f"its process ended with exit code {exit_code}"


def one_line(error: BaseException) -> str:
    """Return what kind of error it is and the first line of what it says."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
