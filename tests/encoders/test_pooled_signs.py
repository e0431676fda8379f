"""Signs of cell means against medians, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlab.data.dataset import Dataset
from qlab.encoders.encoder import FitContext
from qlab.encoders.pooled_signs import PooledSigns
from qlab.errors import DataError, RequestError


def no_source(size: int) -> Dataset:
    raise DataError("none")


def test_signs_are_those_of_means_above_the_training_median(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    train, new = (generator.random((count, 1, 28, 28)).astype(np.float32) for count in (31, 9))
    encoder = PooledSigns(grid=4)
    encoder.fit(train, np.zeros(31, dtype=np.int64), FitContext(source=no_source, cache=tmp_path))
    means = [
        [[image[0, 7 * i : 7 * i + 7, 7 * j : 7 * j + 7].mean() for j in range(4)] for i in range(4)] for image in new
    ]
    middle = np.median(train.reshape(31, 4, 7, 4, 7).astype(float).mean(axis=(2, 4)).reshape(31, 16), axis=0)
    found = encoder.transform(new)
    assert np.array_equal(found, np.where(np.array(means).reshape(9, 16) > middle, 1, -1))
    assert found.dtype == np.float32
    assert (encoder.transform(train) == 1).sum(axis=0).tolist() == [15] * 16


def test_an_image_darker_than_all_is_negative_everywhere(tmp_path: Path) -> None:
    encoder = PooledSigns(grid=3)
    train = 1 + np.random.default_rng(1).random((10, 2, 8, 8)).astype(np.float32)
    encoder.fit(train, np.zeros(10, dtype=np.int64), FitContext(source=no_source, cache=tmp_path))
    assert encoder.transform(np.zeros((1, 2, 8, 8), dtype=np.float32)).tolist() == [[-1.0] * 9]
    assert encoder.n_parameters == encoder.n_outputs == 9


def test_it_must_be_fitted() -> None:
    with pytest.raises(RequestError, match="not fitted"):
        PooledSigns().transform(np.zeros((1, 1, 8, 8), dtype=np.float32))
