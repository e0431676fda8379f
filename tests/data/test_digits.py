"""The scans that come with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.data.dataset import DataContext
from qlab.data.digits import Digits
from qlab.errors import DataError, OptionError


def test_what_is_loaded() -> None:
    dataset = Digits().load(DataContext())
    assert (dataset.name, dataset.source) == ("digits", "real")
    assert dataset.images.shape == (1797, 1, 8, 8)
    assert dataset.images.dtype == np.float32
    assert (dataset.images.min(), dataset.images.max()) == (0, 1)
    assert np.bincount(dataset.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert dataset.classes == tuple("0123456789")


def test_some_digits_only() -> None:
    every, some = Digits().load(DataContext()), Digits(classes=[8, 3]).load(DataContext())
    assert some.classes == ("8", "3")
    assert np.bincount(some.labels).tolist() == [174, 183]
    assert np.array_equal(some.images[some.labels == 1], every.images[every.labels == 3])


@pytest.mark.parametrize("classes", [[3], [3, 3], [3, 10]])
def test_impossible_choices_are_refused(classes: list[int]) -> None:
    with pytest.raises(OptionError, match="two or more different classes of 0 to 9"):
        Digits(classes=classes)


def test_there_is_no_source_set() -> None:
    with pytest.raises(DataError, match=r"no disjoint set to pre-train on: use encoder\.source=train"):
        Digits().load_source(DataContext(), 10)
