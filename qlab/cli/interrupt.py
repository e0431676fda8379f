"""Ctrl-C, remembered: foreign code in which it lands may swallow the exception."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_seen = threading.Event()


def listen() -> None:
    """Remember every interrupt from now on, besides raising ``KeyboardInterrupt`` as usual."""
    signal.signal(signal.SIGINT, _interrupt)


def raise_if_swallowed() -> None:
    """Raise ``KeyboardInterrupt`` if an interrupt has come and the work is still going on."""
    if _seen.is_set():
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    _seen.set()
    raise KeyboardInterrupt
