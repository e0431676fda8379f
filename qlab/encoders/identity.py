"""The pixels themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.errors import OptionError


class Identity:
    """The flattened pixels, unchanged.

    Args:
        n_features: how many pixels an image must have; None accepts any.
    """

    def __init__(self, *, n_features: int | None = None) -> None:
        self.n_features = n_features

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
        """Check the size of images (N, C, H, W); raises ``OptionError`` if it is not ``n_features``."""
        self.transform(images[:1])

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the pixels (N, C·H·W) of images (N, C, H, W)."""
        n_pixels = int(np.prod(images.shape[1:]))
        if self.n_features is not None and self.n_features != n_pixels:
            raise OptionError(
                f"encoder identity: n_features={self.n_features} but an image of shape {images.shape[1:]} "
                f"has {n_pixels} pixels; set n_features={n_pixels} or null, or choose another encoder"
            )
        return np.array(images, dtype=np.float32).reshape(len(images), n_pixels)

    def state(self) -> State:
        """Return nothing."""
        return {}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Do nothing."""
