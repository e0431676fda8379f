"""The brightness of the cells of a grid, as a probability distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.encoders.pixels import Pixels
from qlab.errors import OptionError


class BlockMeans(Pixels):
    """Means over the cells of a ``grid`` x ``grid``, divided by their sum; images are padded with zeros to fit.

    An image of 28 x 28 pixels becomes 32 x 32, and on a grid of 8 its cells are 4 x 4. Channels are averaged. An
    image that is all 0 becomes the uniform distribution.

    Args:
        grid: cells along each side.
    """

    def __init__(self, *, grid: int = 8) -> None:
        self.grid = grid
        self.n_outputs = grid**2

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Check images (N, C, H, W); raises ``OptionError`` if a pixel is negative."""
        if (images < 0).any():
            raise OptionError("encoder block_means takes pixels that are not negative, as those of mnist and digits")

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the distributions (N, grid^2) of images (N, C, H, W); a negative mean counts as 0."""
        means = cell_means(images, self.grid).clip(min=0)
        total = means.sum(axis=1, keepdims=True)
        shares = np.divide(means, total, out=np.full_like(means, 1 / self.n_outputs), where=total > 0)
        found: FloatArray = shares.astype(np.float32)
        return found


def cell_means(images: FloatArray, grid: int) -> NDArray[np.float64]:
    """Return means over cells (N, grid^2) of images (N, C, H, W), padded with zeros to fit and averaged over C."""
    height, width = images.shape[2:]
    cells = np.zeros((len(images), grid, -(-height // grid), grid, -(-width // grid)))
    padded = cells.reshape(len(images), grid * cells.shape[2], grid * cells.shape[4])  # a view
    top, left = (padded.shape[1] - height) // 2, (padded.shape[2] - width) // 2
    padded[:, top : top + height, left : left + width] = images.mean(axis=1, dtype=np.float64)
    return np.asarray(cells.mean(axis=(2, 4)).reshape(len(images), grid**2))
