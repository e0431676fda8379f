"""A fixed affine map from long vectors to a few features of known scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray
from qlab.errors import OptionError

_ROWS_AT_ONCE = 1024
_ROUNDING = 1e-6
"""What varies this little, relative to the feature that varies most, is float32 rounding."""
_NEARLY_DEAD = 1e-2
"""As little varies a unit that almost no training image excites; dividing by less makes outliers of new images."""


@dataclass(frozen=True, eq=False)
class Projection:
    """``y = (x - centre) @ matrix / scale``, computed in double precision.

    Attributes:
        centre: (n_in,), mean of the training vectors.
        matrix: (n_in, n_out); None stands for the identity.
        scale: (n_out,), standard deviation of each training feature, or 1.
    """

    centre: NDArray[np.float64]
    matrix: NDArray[np.float64] | None
    scale: NDArray[np.float64]

    @property
    def n_parameters(self) -> int:
        """Entries of the matrix; 0 for the identity."""
        return 0 if self.matrix is None else self.matrix.size

    def apply(self, vectors: NDArray[np.floating[Any]]) -> FloatArray:
        """Return features (N, n_out) of vectors (N, n_in)."""
        features = np.empty((len(vectors), len(self.scale)), dtype=np.float32)
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            features[rows] = _map(vectors[rows], self.centre, self.matrix) / self.scale
        return features

    def state(self) -> State:
        """Return the arrays; without ``matrix`` for the identity."""
        arrays: State = {"centre": self.centre, "scale": self.scale}
        return arrays if self.matrix is None else {**arrays, "matrix": self.matrix}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Projection:
        """Rebuild the map from ``state``."""
        return cls(state["centre"], state.get("matrix"), state["scale"])


def principal(vectors: NDArray[np.floating[Any]], n_features: int, *, whiten: bool, seed: int) -> Projection:
    """Return the projection on the ``n_features`` directions of largest variance of vectors (N, n_in).

    With ``whiten`` every feature has unit variance on ``vectors``. Raises ``OptionError`` if there are fewer vectors
    or entries than ``n_features``.
    """
    from sklearn.decomposition import PCA

    limit = min(vectors.shape)
    if n_features > limit:
        raise OptionError(
            f"n_features={n_features} is more than the {limit} principal components of {len(vectors)} training "
            f"vectors with {vectors.shape[1]} entries"
        )
    fitted = PCA(n_components=n_features, random_state=seed).fit(vectors.astype(np.float64))
    projection = _standardised(vectors, np.ascontiguousarray(fitted.components_.T))
    return projection if whiten else replace(projection, scale=np.ones(n_features))


def gaussian(vectors: NDArray[np.floating[Any]], n_features: int, *, seed: int) -> Projection:
    """Return a random projection with N(0, 1/n_in) entries, standardised on vectors (N, n_in)."""
    n_in = vectors.shape[1]
    matrix = np.random.default_rng(seed).normal(0.0, n_in**-0.5, size=(n_in, n_features))
    return _standardised(vectors, matrix)


def standardising(vectors: NDArray[np.floating[Any]]) -> Projection:
    """Return the map that gives every entry of vectors (N, n_in) mean 0 and variance 1.

    An entry whose deviation is below 1 % of the largest is divided by that 1 % instead, and so stays small.
    """
    return _standardised(vectors, None, floor=_NEARLY_DEAD)


def _standardised(
    vectors: NDArray[np.floating[Any]], matrix: NDArray[np.float64] | None, *, floor: float = _ROUNDING
) -> Projection:
    centre = vectors.mean(axis=0, dtype=np.float64)
    deviation = _map(vectors, centre, matrix).std(axis=0)
    smallest = floor * deviation.max() or 1.0
    return Projection(centre, matrix, np.maximum(deviation, smallest))


def _map(
    vectors: NDArray[np.floating[Any]], centre: NDArray[np.float64], matrix: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    centred = vectors.astype(np.float64) - centre
    return centred if matrix is None else centred @ matrix
