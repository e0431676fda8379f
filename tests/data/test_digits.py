"""The scans that come with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.data.dataset import DataContext
from qlab.data.digits import Digits
from qlab.errors import DataError


def test_what_is_loaded() -> None:
    dataset = Digits().load(DataContext())
    assert (dataset.name, dataset.source) == ("digits", "real")
    assert dataset.images.shape == (1797, 1, 8, 8)
    assert dataset.images.dtype == np.float32
    assert (dataset.images.min(), dataset.images.max()) == (0, 1)
    assert np.bincount(dataset.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert dataset.classes == tuple("0123456789")


def test_there_is_no_source_set() -> None:
    with pytest.raises(DataError, match=r"no disjoint set to pre-train on: use encoder\.source=train"):
        Digits().load_source(DataContext(), 10)
