"""Working memory is kept for the next call: making it anew costs time, and a page fault per 4 KiB."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

_KEPT_BYTES = 256 << 20
_KEPT_BUNDLES = 16
_SMALL = 1 << 20  # so many bytes that only their number matters
_PAGE = 4096

Real = NDArray[Any]


class Bundle(Protocol):
    """Arrays that are used together."""

    @property
    def key(self) -> Hashable:
        """Those with the same key can stand for each other."""
        ...

    @property
    def nbytes(self) -> int:
        """How large they are."""
        ...


class Pool:
    """Bundles that nobody uses: the 16 newest at most, and 256 MiB.

    Bundles come back from any thread and from destructors. So there is no lock: each operation on the list is atomic.
    """

    def __init__(self) -> None:
        self.idle: list[Bundle] = []

    def take(self, key: Hashable) -> Any | None:
        """Return a bundle with this key, or None where none is idle."""
        for bundle in self.idle[::-1]:
            if bundle.key == key:
                try:
                    self.idle.remove(bundle)
                except ValueError:  # another thread was faster
                    continue
                return bundle
        return None

    def give(self, bundle: Bundle) -> None:
        """Take a bundle back."""
        self.idle.append(bundle)
        while len(self.idle) > _KEPT_BUNDLES or (
            bundle.nbytes > _SMALL and sum(other.nbytes for other in self.idle[:]) > _KEPT_BYTES
        ):
            try:
                self.idle.pop(0)
            except IndexError:
                return


class Lease(np.ndarray[Any, Any]):
    """A view of a bundle's array; the bundle returns to the pool with the last who holds the view."""

    _bundle: Bundle | None = None

    @staticmethod
    def of(array: Real, bundle: Bundle) -> Lease:
        """Return a view of ``array`` that stands for ``bundle``."""
        view = array.view(Lease)
        view._bundle = bundle
        return view

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # at the end of the process this module's names may be gone, and nobody needs the memory
        if self._bundle is not None and not is_finalizing():
            POOL.give(self._bundle)


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Real:
    """Return an array with anything in it that begins with a page."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(size + _PAGE, np.uint8)
    start = -raw.ctypes.data % _PAGE
    return raw[start : start + size].view(dtype).reshape(shape)


POOL = Pool()
