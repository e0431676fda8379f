"""Machine code on disk: Numba's cache of a function, in our folder, where nothing that goes wrong stops the work."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from filelock import FileLock
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

from qlab.engine.compiled.cache_folder import cache_folder, note_use
from qlab.errors import QlabWarning

_LOCK_SECONDS = 10


class _Locator(UserProvidedCacheLocator):  # type: ignore[misc]
    """Says that machine code is in our folder, whether that can be written or not: there may be some to read."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file, self._lineno = file, function.__code__.co_firstlineno
        self._cache_path = str(cache_folder())

    def ensure_cache_path(self) -> None:
        """Make the folder."""
        os.makedirs(self._cache_path, exist_ok=True)

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Locator:
        """Return the locator of a function."""
        return cls(function, file)


class _Contents(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """The machine code of one kernel.

    Attributes:
        keeps_all: whether everything that this process has compiled so far was kept.
    """

    _impl_class = _Contents
    keeps_all: ClassVar[bool] = True

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return what is kept for a signature; None where that is nothing, or damaged."""
        folder = cache_folder()
        if folder is None:
            return None
        note_use(folder)
        try:
            return super().load_overload(signature, context)
        except Exception:  # damaged bytes raise anything
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled for a signature; where that is not possible, say so.

        One process at a time: Numba numbers files by what its index holds, and two that add one would mix them up.
        """
        folder = cache_folder()
        if folder is None:
            self._complain("this user has no home folder")
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock", timeout=_LOCK_SECONDS):
                super().save_overload(signature, compiled)
        except OSError as error:
            self._complain(f"{folder}: {error.strerror or error}")

    @staticmethod
    def _complain(reason: str) -> None:
        """Warn, once in a process."""
        if KernelCache.keeps_all:
            KernelCache.keeps_all = False
            message = f"the compiled simulator cannot be kept ({reason}); every process compiles it anew"
            warnings.warn(message, QlabWarning, stacklevel=2)
