"""The convolutional networks of arXiv:2509.13353, trained with the head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from qlab.encoders.augmentation import affine, flip_crop
from qlab.encoders.trainable import Block, TrainableEncoder, drawn, require_statistics
from qlab.errors import OptionError

Augment = Literal["none", "affine", "flip_crop"]


class Cnn(TrainableEncoder):
    """Convolutions, an average over a grid, and a reducer to a few features; all of it is trained with the head.

    Args:
        widths: channels behind each convolution: 3 x 3 with padding 1, then batch normalisation and ReLU.
        pools: how many of them, the first ones, halve the image by a maximum over 2 x 2.
        grid: cells on each side of the grid over which the last channels are averaged.
        hidden: width of the reducer's hidden layer; without a reducer the features are the flattened grid.
        n_features: what the reducer leaves; without one the size of the grid, or None.
        mean: of the pixels of each channel, or of all.
        std: standard deviation of the pixels of each channel, or of all.
        augment: how training images are changed, after they are normalised: ``affine`` as published for MNIST,
            ``flip_crop`` as published for CIFAR and STL.
        crop_padding: zeros around an image that ``flip_crop`` crops from.

    Raises:
        OptionError: the options contradict each other.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int],
        pools: int,
        grid: int,
        hidden: int | None,
        n_features: int | None,
        mean: Sequence[float],
        std: Sequence[float],
        augment: Augment,
        crop_padding: int,
    ) -> None:
        self.widths, self.pools, self.grid = tuple(widths), pools, grid
        self.hidden = hidden
        self.mean, self.std = tuple(mean), tuple(std)
        self.augment: Augment = augment
        self.crop_padding = crop_padding
        self.n_features = self._features(n_features)

    def _features(self, wanted: int | None) -> int:
        """Return how many features there are; raises ``OptionError`` where the options do not agree."""
        if not self.widths:
            raise OptionError("encoder.widths is empty: it needs a width for each convolution, e.g. [16,32]")
        if self.pools > len(self.widths):
            raise OptionError(f"encoder.pools={self.pools}, but there are {len(self.widths)} convolutions")
        flat = self.widths[-1] * self.grid**2
        if self.hidden is None and wanted not in (None, flat):
            raise OptionError(
                f"encoder.n_features={wanted}, but without a reducer the features are the {flat} of the grid; "
                "set encoder.n_features=null or encoder.hidden"
            )
        if self.hidden is not None and wanted is None:
            raise OptionError(f"encoder.hidden={self.hidden} reduces to encoder.n_features, which is null")
        return flat if wanted is None else wanted

    def block(self, image_shape: tuple[int, ...], generator: torch.Generator) -> CnnBlock:
        """Return the network for images of shape (C, H, W).

        Raises:
            OptionError: the images are too small, or have another number of channels than ``mean`` and ``std``.
        """
        n_channels, *sides = image_shape
        if min(sides) >> self.pools == 0:
            raise OptionError(
                f"encoder.pools={self.pools} leaves nothing of images of {sides[0]} x {sides[1]} pixels: "
                f"set encoder.pools={min(sides).bit_length() - 1} or lower"
            )
        layers = [
            *_convolutions(n_channels, self.widths, self.pools, generator),
            nn.AdaptiveAvgPool2d(self.grid),
            nn.Flatten(),
            *self._reducer(generator),
        ]
        statistics = _by_channel("mean", self.mean, n_channels), _by_channel("std", self.std, n_channels)
        return CnnBlock(nn.Sequential(*layers), self.n_features, *statistics, self.augment, self.crop_padding)

    def _reducer(self, generator: torch.Generator) -> Iterator[nn.Module]:
        if self.hidden is not None:
            yield _linear(self.widths[-1] * self.grid**2, self.hidden, generator)
            yield nn.ReLU()
            yield _linear(self.hidden, self.n_features, generator)


class CnnBlock(Block):
    """Images (B, C, H, W) to features (B, n_features).

    Args:
        layers: from normalised images to features.
        n_features: how many features.
        mean: (1, C, 1, 1), what is subtracted from the pixels.
        std: (1, C, 1, 1), what they are divided by.
        augment: how normalised images are changed in training.
        crop_padding: of ``flip_crop``.

    Raises:
        OptionError: it is trained on a batch of one image, which has no statistics.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, layers: nn.Sequential, n_features: int, mean: Tensor, std: Tensor, augment: Augment, crop_padding: int
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.augment: Augment = augment
        self.crop_padding = crop_padding
        for parameter in layers.parameters():
            if parameter.ndim == 4:  # convolutions on CPUs then take a third less time
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.layers = layers

    def normalisation(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation (1, C, 1, 1)."""
        return self.mean, self.std

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, n_features) of images (B, C, H, W)."""
        require_statistics(self, images)
        normalised = (images - self.mean) / self.std
        if self.training:
            normalised = self._augmented(normalised)
        features: Tensor = self.layers(normalised.contiguous(memory_format=torch.channels_last))
        return features

    def _augmented(self, images: Tensor) -> Tensor:
        if self.augment == "affine":
            return affine(images)
        return flip_crop(images, self.crop_padding) if self.augment == "flip_crop" else images


def _convolutions(
    n_channels: int, widths: Sequence[int], pools: int, generator: torch.Generator
) -> Iterator[nn.Module]:
    for number, (n_inputs, n_outputs) in enumerate(pairwise((n_channels, *widths))):
        convolution = skip_init(nn.Conv2d, n_inputs, n_outputs, kernel_size=3, padding=1)
        drawn(convolution, generator)
        yield from (convolution, nn.BatchNorm2d(n_outputs), nn.ReLU())
        if number < pools:
            yield nn.MaxPool2d(2)


def _linear(n_inputs: int, n_outputs: int, generator: torch.Generator) -> nn.Linear:
    layer: nn.Linear = skip_init(nn.Linear, n_inputs, n_outputs)
    drawn(layer, generator)
    return layer


def _by_channel(name: str, values: Sequence[float], n_channels: int) -> Tensor:
    """Return values (1, C, 1, 1); one that is given alone is that of every channel."""
    if len(values) not in (1, n_channels):
        raise OptionError(
            f"encoder.{name} has {len(values)} values, but images have {n_channels} channels: give one for each or one"
        )
    return torch.tensor(values, dtype=torch.float32).expand(n_channels).clone().view(1, -1, 1, 1)
