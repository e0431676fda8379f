"""The pixels themselves."""

from __future__ import annotations

import math

from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.encoders.pixels import Pixels
from qlab.errors import OptionError


class Identity(Pixels):
    """The flattened pixels, unchanged.

    Args:
        n_features: how many pixels an image must have; None accepts any.
    """

    def __init__(self, *, n_features: int | None = None) -> None:
        self.n_features = n_features

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Check the size of images (N, C, H, W); raises ``OptionError`` if it is not ``n_features``."""
        self.transform(images[:1])

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the pixels (N, C·H·W) of images (N, C, H, W)."""
        n_pixels = math.prod(images.shape[1:])
        if self.n_features is not None and self.n_features != n_pixels:
            raise OptionError(
                f"encoder identity: n_features={self.n_features} but an image of shape {images.shape[1:]} "
                f"has {n_pixels} pixels; set n_features={n_pixels} or null, or choose another encoder"
            )
        return super().transform(images)
