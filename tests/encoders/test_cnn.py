"""The trained convolutional block against one written out by hand, and what its options refuse."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from qlab.config.options.encoders import CNN
from qlab.encoders.cnn import Cnn, CnnBlock
from qlab.errors import OptionError

SHAPE = (3, 12, 12)


def encoder(**options: Any) -> Cnn:
    return Cnn(**{**vars(CNN()), "widths": [4, 6], "hidden": 10, "n_features": 5, **options})


def block(seed: int = 0, **options: Any) -> CnnBlock:
    return encoder(**options).block(SHAPE, torch.Generator().manual_seed(seed))


def images(count: int) -> torch.Tensor:
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("pools", [0, 1, 2])
def test_it_is_the_network_that_was_published(pools: int) -> None:
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]
    found = block(pools=pools, mean=mean, std=std)
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate([(3, 4), (4, 6)]):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number < pools else []
    layers += [nn.AdaptiveAvgPool2d((4, 4)), nn.Flatten(), nn.Linear(6 * 16, 10), nn.ReLU(), nn.Linear(10, 5)]
    other = nn.Sequential(*layers)
    other.load_state_dict({name.removeprefix("layers."): value for name, value in found.layers.state_dict().items()})
    normalised = (images(8) - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    for training in (True, False):
        expected = other.train(training)(normalised)
        torch.testing.assert_close(found.train(training)(images(8)), expected, atol=1e-5, rtol=1e-5)


def test_without_a_reducer_the_features_are_the_grid() -> None:
    found = block(hidden=None, n_features=None, grid=2)
    assert found.n_features == 6 * 4
    assert found.eval()(images(2)).shape == (2, 24)
    assert encoder(hidden=None, n_features=24, grid=2).n_features == 24


def test_first_weights_have_the_distribution_of_pytorch() -> None:
    layers = [layer for layer in block(widths=[32, 64]).layers if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 4
    for layer in layers:
        bound = layer.weight[0].numel() ** -0.5
        assert layer.bias is not None
        for values in (layer.weight, layer.bias):
            assert float(values.detach().abs().max()) <= bound
        own, count = layer.weight.detach(), layer.weight.numel()
        assert float(own.square().mean()) == pytest.approx(bound**2 / 3, rel=5 * 0.9 / math.sqrt(count))


def test_training_images_are_changed_after_they_are_normalised_and_others_never() -> None:
    found = block(mean=[0.5], std=[0.25], augment="affine")
    seen: list[torch.Tensor] = []
    found.layers.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    bright = torch.full((50, *SHAPE), 0.75)
    torch.manual_seed(0)
    found.train()(bright)
    found.eval()(bright)
    assert set(seen[0].unique().tolist()) == {0.0, 1.0}  # what enters from outside is the mean, not black
    assert bool((seen[1] == 1).all())
    mean, std = found.normalisation()
    assert torch.equal((bright - mean) / std, seen[1])
    found = block(mean=[0.5], std=[0.25], augment="flip_crop", crop_padding=2)
    found.layers.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found.train()(bright)
    assert float(seen[2].mean()) == pytest.approx(1 - 2 * 1.2 / 12 + (1.2 / 12) ** 2, abs=0.05)  # mean shift 1.2


def test_the_mean_of_one_channel_is_that_of_all() -> None:
    mean, std = block(mean=[0.25], std=[0.5]).normalisation()
    assert mean.flatten().tolist() == [0.25] * 3
    assert std.shape == (1, 3, 1, 1)


def test_one_image_cannot_be_trained_on() -> None:
    with pytest.raises(OptionError, match=r"batch of one example: choose trainer\.batch_size"):
        block().train()(images(1))
    assert block().eval()(images(1)).shape == (1, 5)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"widths": []}, r"encoder\.widths is empty"),
        ({"pools": 3}, r"encoder\.pools=3, but there are 2 convolutions"),
        ({"hidden": None}, r"the features are the 96 of the grid; set encoder\.n_features=null or encoder\.hidden"),
        ({"n_features": None}, r"encoder\.hidden=10 reduces to encoder\.n_features, which is null"),
        ({"mean": [0.1, 0.2]}, r"encoder\.mean has 2 values, but images have 3 channels"),
        ({"std": []}, r"encoder\.std has 0 values"),
        ({"widths": [2] * 4, "pools": 4}, r"nothing of images of 12 x 12 pixels: set encoder\.pools=3 or lower"),
    ],
)
def test_what_does_not_fit_says_what_would(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        block(**options)
