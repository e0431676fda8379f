"""The resident memory of this process, as Linux counts it; nothing elsewhere."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

_PROCESS = Path("/proc/self")


def release() -> None:
    """Give memory that nobody uses back to the system, so that what grows later is seen to grow."""
    gc.collect()
    with suppress(OSError, AttributeError):  # no GNU C library
        ctypes.CDLL(None).malloc_trim(0)


def resident() -> int | None:
    """Return the resident bytes of now."""
    return _status("VmRSS:")


def forget_peak() -> bool:
    """Let the largest resident size begin anew from that of now; return whether that was possible."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak() -> int | None:
    """Return the largest resident bytes since ``forget_peak``."""
    return _status("VmHWM:")


def _status(name: str) -> int | None:
    try:
        lines = (_PROCESS / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)
