"""Images handed on as they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext


class Pixels:
    """The flattened pixels, unchanged."""

    @property
    def n_parameters(self) -> int:
        """Zero."""
        return 0

    @property
    def provenance(self) -> Mapping[str, object]:
        """Nothing: there is nothing to tell."""
        return {}

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code."""
        return {"version": 1}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Do nothing."""

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the pixels (N, C·H·W) of images (N, C, H, W)."""
        return np.asarray(images, dtype=np.float32).reshape(len(images), int(np.prod(images.shape[1:])))

    def state(self) -> State:
        """Return nothing."""
        return {}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Do nothing."""
