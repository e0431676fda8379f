"""How kernels are compiled."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

from numba import njit
from numba.extending import intrinsic as numba_intrinsic

from qlab.engine.compiled.cache import KernelCache

F = TypeVar("F", bound=Callable[..., Any])
Array = Any  # a NumPy array inside a kernel; its dtype is the state's precision where nothing else is said
Lanes = tuple[int, ...]  # its length is the binary logarithm of the number of lanes

_OPTIONS = {"nogil": True, "error_model": "numpy"}


def kernel(function: F) -> F:
    """Compile a function that is called by other kernels only and makes no array of its own.

    So it need not count references, which would take longer than the work on a small tile.
    """
    return cast("F", njit(_nrt=False, **_OPTIONS)(function))


def helper(function: F) -> F:
    """Compile a function that is called by other kernels only and makes arrays."""
    return cast("F", njit(**_OPTIONS)(function))


def entry(function: F) -> F:
    """Compile a kernel that is called from Python, and keep its machine code on disk."""
    dispatcher = njit(**_OPTIONS)(function)
    dispatcher._cache = KernelCache(function)
    return cast("F", dispatcher)


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function write LLVM instructions of its own; it is called without its first argument."""
    return cast("Callable[..., Any]", numba_intrinsic(function))


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
