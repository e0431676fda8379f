"""What Aer writes to the terminal though it also returns it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def aer_silent() -> Iterator[None]:
    """Keep Aer from writing its errors to the terminal; its results hold them."""
    logger = logging.getLogger("qiskit_aer.backends.aerbackend")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
