"""Principal components of the pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import require_fitted
from qlab.encoders.projection import Projection, principal


class PCA:
    """The leading principal components of the flattened training images.

    Args:
        n_features: how many components.
        whiten: give every feature unit variance on the training images; otherwise they keep the components' variances.
        seed: of the randomised decomposition that large images are decomposed with.
    """

    def __init__(self, *, n_features: int, whiten: bool = True, seed: int = 0) -> None:
        self.n_features = n_features
        self.whiten = whiten
        self.seed = seed
        self._projection: Projection | None = None

    @property
    def n_parameters(self) -> int:
        """Entries of the components."""
        return require_fitted(self._projection).n_parameters

    @property
    def provenance(self) -> Mapping[str, object]:
        """Nothing: the record's options say everything."""
        return {}

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code."""
        return {"version": 1}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Decompose images (N, C, H, W); raises ``OptionError`` if N or C·H·W is below ``n_features``."""
        vectors = self._vectors(images)
        self._projection = principal(vectors, self.n_features, whiten=self.whiten, seed=self.seed)

    def transform(self, images: FloatArray) -> FloatArray:
        """Return the components (N, n_features) of images (N, C, H, W)."""
        return require_fitted(self._projection).apply(self._vectors(images))

    def state(self) -> State:
        """Return the mean image, the components and the scales."""
        return require_fitted(self._projection).state()

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._projection = Projection.from_state(state)

    def _vectors(self, images: FloatArray) -> NDArray[np.floating[Any]]:
        return images.reshape(len(images), math.prod(images.shape[1:]))
