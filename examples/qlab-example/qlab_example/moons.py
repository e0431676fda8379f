"""Two interleaving half circles."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_moons

from qlab.data.dataset import DataContext, Dataset


class Moons:
    """Loader of points in a plane, each an image of 1 x 2 pixels, (N, 1, 1, 2).

    Args:
        seed: of the generator.
        size: points.
        noise: standard deviation that is added to each coordinate.
    """

    def __init__(self, *, seed: int = 0, size: int = 600, noise: float = 0.1) -> None:
        self.seed, self.size, self.noise = seed, size, noise

    def load(self, context: DataContext) -> Dataset:
        """Return all points."""
        return self._draw(self.size, [self.seed, 0])

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return other points of the same kind, to pre-train a frozen block on."""
        return self._draw(size, [self.seed, 1])

    def _draw(self, size: int, seed: list[int]) -> Dataset:
        random = np.random.RandomState(np.random.SeedSequence(seed).generate_state(4))
        points, labels = make_moons(size, noise=self.noise, random_state=random)
        return Dataset(
            name="moons",
            source="synthetic",
            images=points.astype(np.float32).reshape(-1, 1, 1, 2),
            labels=labels.astype(np.int64),
            classes=("upper", "lower"),
            provenance={"generator": "scikit-learn make_moons", "seed": seed, "noise": self.noise},
        )
