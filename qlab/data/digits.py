"""Scikit-learn's scans of handwritten digits, which need no files."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.datasets import load_digits

from qlab.data.dataset import DataContext, Dataset
from qlab.errors import DataError


class Digits:
    """Loader of 1,797 real digits of 8 x 8 pixels, (1797, 1, 8, 8) in [0, 1]."""

    def load(self, context: DataContext) -> Dataset:
        """Return all scans."""
        pixels, labels = load_digits(return_X_y=True)
        return Dataset(
            name="digits",
            source="real",
            images=(pixels.reshape(-1, 1, 8, 8) / 16).astype(np.float32),
            labels=labels.astype(np.int64),
            classes=tuple("0123456789"),
            provenance={"origin": "scikit-learn load_digits", "scikit-learn": sklearn.__version__},
        )

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Raise ``DataError``: there is no second set of these scans."""
        raise DataError(
            "dataset=digits has no disjoint set to pre-train on: use encoder.source=train, or an encoder that needs no "
            "pre-training (pca, identity)"
        )
