"""What a dataset is once it is loaded, and the contract of every loader."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qlab.progress import Progress, Silent

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Source = Literal["real", "synthetic"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images in memory.

    Attributes:
        name: what the data really are (``mnist-subset``, never ``mnist`` for a part of it).
        source: ``real`` measurements or ``synthetic`` ones.
        images: (N, C, H, W), float32; scans in [0, 1], DNA one-hot as (N, 4, 1, length).
        labels: (N,), int64 in ``range(len(classes))``.
        classes: the name of each class.
        official_test: (N,) bool, True for the part its publishers reserved for testing; None if there is none.
        provenance: JSON-able facts for the record (file hashes, generator version and parameters).
        groups: (N,) int64; examples of one group belong together and stand on one side of a split. None: each is
            alone. Not together with ``official_test``.
        families: (N,) int64, which of ``family_names`` an example is of; accuracy is told for each. None: one kind.
        family_names: the name of each family.
    """

    name: str
    source: Source
    images: FloatArray
    labels: IntArray
    classes: tuple[str, ...]
    official_test: NDArray[np.bool_] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    groups: IntArray | None = None
    families: IntArray | None = None
    family_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataContext:
    """What a loader may use.

    Attributes:
        cache: a folder the loader may write downloads and generated data to.
        download: whether the network may be used.
        progress: told about long work.
    """

    cache: Path = Path("outputs/cache")
    download: bool = False
    progress: Progress = field(default_factory=Silent)


class Loader(Protocol):
    """A registered dataset: constructed from its options, it loads examples on request.

    ``load_source`` gives a labelled set that is disjoint from ``load``'s, to pre-train frozen blocks on; a loader
    without one raises ``DataError`` naming what can be done instead.
    """

    def load(self, context: DataContext) -> Dataset:
        """Return all examples."""
        ...

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return ``size`` examples that share no image with ``load``."""
        ...
