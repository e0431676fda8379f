"""The folder in which machine code is kept between processes: where it is, what is in it, when it goes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

_KEPT_DAYS = 30


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Return the folder of this very version's machine code, there or not; None for a user without a home.

    Its name depends on every source file of this package: Numba itself does not notice when an imported one changes.
    """
    kernels = user_cache_path("qlab", appauthor=False) / "kernels"
    if not kernels.is_absolute():  # no home is known, and ~ stays as it is
        return None
    digest = hashlib.sha256(f"{version('numba')} {version('llvmlite')}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return kernels / digest.hexdigest()[:16]


def note_use(folder: Path) -> None:
    """Note that a version's folder is in use, and delete those of others that were not used for 30 days.

    Whoever still executes such a version has loaded what it needs, or compiles it anew.
    """
    with contextlib.suppress(OSError):
        os.utime(folder)
    oldest = time.time() - _KEPT_DAYS * 24 * 3600
    with contextlib.suppress(OSError):
        for other in folder.parent.iterdir():
            if other != folder and re.fullmatch(r"[0-9a-f]{16}(\.old)?", other.name) and _used(other) < oldest:
                _delete(other)


def size(folder: Path) -> int:
    """Return how many bytes the files of a folder have."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def mark_complete(folder: Path) -> None:
    """Note that the folder holds everything that this processor needs."""
    with contextlib.suppress(OSError):
        _mark(folder).touch()


def is_complete(folder: Path) -> bool:
    """Return whether the folder is known to hold everything that this processor needs."""
    return _mark(folder).is_file()


def _mark(folder: Path) -> Path:
    from llvmlite import binding

    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    return folder / f"complete-{hashlib.sha256(processor.encode()).hexdigest()[:16]}"


def _used(folder: Path) -> float:
    """Return when a folder was used last, in seconds since 1970."""
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime
    return time.time()


def _delete(folder: Path) -> None:
    """Delete a folder so that nobody ever finds half of it under its name."""
    away = folder.with_suffix(".old")
    with contextlib.suppress(OSError):
        folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)
