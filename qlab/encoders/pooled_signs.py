"""Which cells of a grid are brighter than they usually are: inputs of networks of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.block_means import cell_means
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import require_fitted


class PooledSigns:
    """Means over the cells of a ``grid`` x ``grid``: 1 above the cell's median over the training images, else -1.

    Images are padded with zeros to fit; channels are averaged.

    Args:
        grid: cells along each side.
    """

    def __init__(self, *, grid: int = 4) -> None:
        self.grid = grid
        self.n_outputs = grid**2
        self._medians: NDArray[np.float64] | None = None

    @property
    def n_parameters(self) -> int:
        """The medians."""
        return len(require_fitted(self._medians))

    @property
    def provenance(self) -> Mapping[str, object]:
        """Nothing: the record's options say everything."""
        return {}

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code."""
        return {"version": 1}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Find the medians (grid^2,) of images (N, C, H, W)."""
        self._medians = np.median(cell_means(images, self.grid), axis=0)

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the signs (N, grid^2) of images (N, C, H, W)."""
        return np.where(cell_means(images, self.grid) > require_fitted(self._medians), 1, -1).astype(np.float32)

    def state(self) -> State:
        """Return the medians."""
        return {"medians": require_fitted(self._medians)}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._medians = np.asarray(state["medians"], dtype=np.float64)
