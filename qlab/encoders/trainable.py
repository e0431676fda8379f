"""Blocks that are not frozen: modules in front of the head, trained with it or bound to its batches."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from qlab.encoders.pixels import Pixels


class Block(nn.Module):
    """A module from images (B, C, H, W) to features (B, n_features), part of the model and of its checkpoints.

    Attributes:
        batch_dependent: whether the features of an image depend on the others of its batch in evaluation mode, too.
            The model is then evaluated in batches of the size it is trained in.
    """

    batch_dependent: bool = False

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, n_features) of images (B, C, H, W)."""
        raise NotImplementedError


class TrainableEncoder(Pixels, ABC):
    """What stands in the place of a frozen block: it hands on the pixels, and ``block`` is put in front of the head.

    An encoder that is sometimes frozen and sometimes trained makes one of these where its options say so.
    """

    n_outputs: None = None  # as many as an image has pixels

    @abstractmethod
    def block(self, image_shape: tuple[int, ...], generator: torch.Generator) -> Block:
        """Return the block for images of shape (C, H, W), with first weights drawn from ``generator``."""


def drawn(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    """Draw the weights of a layer anew from ``generator``, with PyTorch's default distribution of first weights."""
    bound = layer.weight[0].numel() ** -0.5  # one over the square root of the number of inputs of each output
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
