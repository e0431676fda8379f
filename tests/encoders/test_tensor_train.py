from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from qlab.encoders.factors import TrainShape, balanced_factors, image_modes, train_shape
from qlab.encoders.tensor_train import TensorTrain, TensorTrainLayer
from qlab.errors import OptionError
from tests.encoders.examples import context, stripes


@pytest.mark.parametrize(
    ("number", "count", "expected"),
    [
        (50, 2, (5, 10)),
        (28, 2, (4, 7)),
        (16, 4, (2, 2, 2, 2)),
        (18, 4, (1, 2, 3, 3)),
        (20, 4, (1, 2, 2, 5)),
        (8, 4, (1, 2, 2, 2)),
        (101, 2, (1, 101)),
        (1, 2, (1, 1)),
    ],
)
def test_balanced_factors(number: int, count: int, expected: tuple[int, ...]) -> None:
    assert balanced_factors(number, count) == expected


def test_factors_multiply_to_the_number() -> None:
    for number in range(1, 200):
        assert math.prod(balanced_factors(number, 4)) == number


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 50, 50), (5, 10, 5, 10)),
        ((1, 28, 28), (4, 7, 4, 7)),
        ((3, 8, 8), (3, 2, 4, 2, 4)),
        ((4, 1, 101), (4, 101)),
        ((1, 1, 1), (1,)),
    ],
)
def test_image_modes(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert image_modes(shape) == expected


def test_options_override_the_rule() -> None:
    shape = train_shape((1, 28, 28), 8, "7x16x7", "2x2x2", 3)
    assert shape == TrainShape((7, 16, 7), (2, 2, 2), (1, 3, 3, 1))


@pytest.mark.parametrize(
    ("input_shape", "output_shape", "complaint"),
    [
        ("7x16", None, "112 entries but there are 784 pixels"),
        (None, "2x2x2x2", "16 entries but there are 8 features"),
        ("7x16x7", "2x2x2x1", "as many modes"),
        ("7x-16x7", None, "positive whole numbers"),
        ("7,16,7", None, "positive whole numbers"),
    ],
)
def test_modes_that_do_not_fit_are_refused(input_shape: str | None, output_shape: str | None, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        train_shape((1, 28, 28), 8, input_shape, output_shape, 2)


@pytest.mark.parametrize(
    "shape",
    [
        TrainShape((2, 3, 2), (2, 1, 3), (1, 2, 3, 1)),
        TrainShape((4, 3), (2, 2), (1, 3, 1)),
        TrainShape((5,), (3,), (1, 1)),
    ],
)
def test_layer_equals_the_dense_matrix(shape: TrainShape) -> None:
    torch.manual_seed(3)
    layer = TensorTrainLayer(shape).double()
    layer.bias.data.normal_()
    dense = np.zeros((math.prod(shape.inputs), math.prod(shape.outputs)))
    cores = [core.detach().numpy() for core in layer.cores]
    for n in itertools.product(*map(range, shape.inputs)):
        for m in itertools.product(*map(range, shape.outputs)):
            product = np.eye(1)
            for core, n_k, m_k in zip(cores, n, m, strict=True):
                product = product @ core[:, n_k, m_k, :]
            dense[np.ravel_multi_index(n, shape.inputs), np.ravel_multi_index(m, shape.outputs)] = product.item()
    vectors = torch.randn(7, math.prod(shape.inputs), dtype=torch.float64)
    expected = vectors.numpy() @ dense + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(vectors).detach().numpy(), expected, rtol=1e-12, atol=1e-12)


def test_initial_layer_keeps_the_variance_of_white_input() -> None:
    torch.manual_seed(0)
    shape = train_shape((1, 50, 50), 16, None, None, 2)
    variances = [TensorTrainLayer(shape)(torch.randn(50, 2500)).var().item() for _ in range(60)]
    assert 0.6 < np.mean(variances) < 1.6


def test_parameter_count_of_the_published_shape(tmp_path: Path) -> None:
    """2500 = 5x10x5x10 pixels to 16 = 2x2x2x2 features with ranks 1, 2, 2, 2, 1: 180 weights and 16 biases."""
    data = stripes(12, seed=0, side=50)
    encoder = TensorTrain(n_features=16, source="train", pretrain_epochs=1)
    encoder.fit(data.images, data.labels, context(tmp_path))
    assert encoder.n_parameters == 180 + 16
    assert encoder.provenance["input_shape"] == [5, 10, 5, 10]
    assert encoder.provenance["ranks"] == [1, 2, 2, 2, 1]


def test_features_are_standardised_layer_outputs(tmp_path: Path) -> None:
    train = stripes(60, seed=0)
    encoder = TensorTrain(n_features=4, source_size=90, pretrain_epochs=3)
    encoder.fit(train.images, train.labels, context(tmp_path))
    features = encoder.transform(train.images)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(features.std(0), 1, atol=1e-4)


def test_it_learns_from_the_source_it_is_given(tmp_path: Path) -> None:
    """The source decides the weights; the training split only their scale."""
    train, held_out = stripes(60, seed=0), stripes(100, seed=7)
    encoder = TensorTrain(n_features=8, rank=3, source_size=900)
    encoder.fit(train.images, train.labels, context(tmp_path))
    accuracy = encoder.provenance["source_accuracy"]
    assert isinstance(accuracy, float)
    assert accuracy > 0.9
    shuffled = TensorTrain(n_features=8, rank=3, source_size=900)
    shuffled.fit(train.images, 1 - train.labels, context(tmp_path))
    np.testing.assert_array_equal(encoder.transform(held_out.images), shuffled.transform(held_out.images))
    other = TensorTrain(n_features=8, rank=3, source_size=900)
    other.fit(train.images, train.labels, context(tmp_path, seed=2000))
    assert not np.allclose(encoder.transform(held_out.images), other.transform(held_out.images), atol=0.1)


def test_training_on_the_train_split_uses_its_labels(tmp_path: Path) -> None:
    train = stripes(60, seed=0)
    encoder, flipped = (TensorTrain(n_features=4, source="train", pretrain_epochs=3) for _ in range(2))
    encoder.fit(train.images, train.labels, context(tmp_path))
    flipped.fit(train.images, (np.arange(60) // 30).astype(np.int64), context(tmp_path))
    assert not np.allclose(encoder.transform(train.images), flipped.transform(train.images), atol=0.1)
