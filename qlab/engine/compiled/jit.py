"""How kernels are compiled, and where their machine code is kept between processes."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite
import numba
from numba import config, njit
from numba.extending import intrinsic as numba_intrinsic
from platformdirs import user_cache_dir

F = TypeVar("F", bound=Callable[..., Any])
Array = Any  # a NumPy array inside a kernel; its dtype is the state's precision where nothing else is said
Lanes = tuple[int, ...]  # its length is the binary logarithm of the number of lanes

_OPTIONS = {"nogil": True, "error_model": "numpy"}
_decorating = threading.Lock()


def kernel(function: F) -> F:
    """Compile a function that is called by other kernels only and makes no array of its own.

    So it need not count references, which would take longer than the work on a small tile.
    """
    return cast("F", njit(_nrt=False, **_OPTIONS)(function))


def helper(function: F) -> F:
    """Compile a function that is called by other kernels only and makes arrays."""
    return cast("F", njit(**_OPTIONS)(function))


def entry(function: F) -> F:
    """Compile a kernel that is called from Python, and keep its machine code on disk.

    Numba looks at its setting for the cache folder when it decorates; nobody else's functions are moved.
    """
    folder = cache_folder()
    with _decorating:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            return cast("F", njit(cache=folder is not None, **_OPTIONS)(function))
        finally:
            config.CACHE_DIR = before


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function write LLVM instructions of its own; it is called without its first argument."""
    return cast("Callable[..., Any]", numba_intrinsic(function))


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Return the folder of this very version's machine code; None where it cannot be written.

    Its name depends on every source file of this package: Numba itself does not notice when an imported one changes.
    """
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    folder = Path(user_cache_dir("qlab", appauthor=False)) / "kernels" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def lanes_of(width: int) -> Lanes:
    """Return what tells kernels the number of lanes, a power of two."""
    return (0,) * (width.bit_length() - 1)


@lru_cache(maxsize=1)
def vector_bytes() -> int:
    """Return the size of the widest vectors of this processor."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
