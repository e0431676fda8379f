"""The contract of a frozen classical block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import Dataset, FloatArray, IntArray
from qlab.progress import Progress, Silent


class SourceLoader(Protocol):
    """Gives ``size`` labelled examples that are disjoint from the task's, to pre-train on."""

    def __call__(self, size: int) -> Dataset:
        """Return them; raises ``DataError`` where the dataset has none."""
        ...


@dataclass(frozen=True)
class FitContext:
    """What a block may use besides the training images while it is fitted.

    Attributes:
        source: gives a disjoint set to pre-train on.
        cache: a folder for pre-trained weights, shared by all runs.
        download: whether the network may be used.
        progress: told about long work.
    """

    source: SourceLoader
    cache: Path = Path("outputs/cache")
    download: bool = False
    progress: Progress = field(default_factory=Silent)


class Encoder(Protocol):
    """A block that is fitted once and then only evaluated.

    It is constructed from its options. ``fit`` sees the training split alone. After it, ``transform`` is a fixed
    function of an image: the same image gives the same features in any batch.
    """

    @property
    def n_parameters(self) -> int:
        """Frozen numbers the block multiplies with (weights, components), after ``fit``."""
        ...

    @property
    def provenance(self) -> Mapping[str, object]:
        """JSON-able facts for the record (where weights come from, source accuracy), after ``fit``."""
        ...

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return what decides the features besides options and images, JSON-able.

        A version of the code, hashes of the files that it reads and of the source examples that it is trained on.
        """
        ...

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Fit on the training split: images (N, C, H, W), labels (N,)."""
        ...

    def transform(self, images: FloatArray) -> FloatArray:
        """Return features (N, n_features) of images (N, C, H, W)."""
        ...

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return every fitted array by name: enough to rebuild the block."""
        ...

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned; replaces ``fit``."""
        ...
