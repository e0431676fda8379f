"""Scikit-learn's scans of handwritten digits, which need no files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sklearn
from sklearn.datasets import load_digits

from qlab.data.dataset import DataContext, Dataset
from qlab.data.published_images import chosen_classes
from qlab.errors import DataError


class Digits:
    """Loader of 1,797 real digits of 8 x 8 pixels, (1797, 1, 8, 8) in [0, 1].

    Args:
        classes: keep these digits only; they become the labels 0, 1, ... in this order.
    """

    def __init__(self, *, classes: Sequence[int] | None = None) -> None:
        self._classes = chosen_classes(classes, 10)

    def load(self, context: DataContext) -> Dataset:
        """Return the scans of the chosen digits."""
        pixels, labels = load_digits(return_X_y=True)
        kept = np.isin(labels, self._classes)
        position = np.full(10, -1, np.int64)
        position[list(self._classes)] = np.arange(len(self._classes))
        return Dataset(
            name="digits",
            source="real",
            images=(pixels[kept].reshape(-1, 1, 8, 8) / 16).astype(np.float32),
            labels=position[labels[kept]],
            classes=tuple(str(digit) for digit in self._classes),
            provenance={"origin": "scikit-learn load_digits", "scikit-learn": sklearn.__version__},
        )

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Raise ``DataError``: there is no second set of these scans."""
        raise DataError(
            "dataset=digits has no disjoint set to pre-train on: use encoder.source=train, or an encoder that needs no "
            "pre-training (pca, identity)"
        )
