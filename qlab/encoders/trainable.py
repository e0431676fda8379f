"""Blocks that are not frozen: modules in front of the head, trained with it or bound to its batches."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from qlab.encoders.pixels import Pixels
from qlab.errors import OptionError


class Block(nn.Module):
    """A module from images (B, C, H, W) to features (B, n_features), part of the model and of its checkpoints.

    Attributes:
        n_features: how many features it leaves.
        batch_dependent: whether the features of an image depend on the others of its batch in evaluation mode, too.
            The model is then evaluated in batches of the size it is trained in.
    """

    n_features: int
    batch_dependent: bool = False

    def normalisation(self) -> tuple[Tensor, Tensor] | None:
        """Return what it subtracts from the pixels of each channel and what it divides by, (1, C, 1, 1) each.

        None where it takes the pixels as they are.
        """
        return None

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


def require_statistics(module: nn.Module, examples: Tensor) -> None:
    """Raise ``OptionError`` where a module that normalises batches is trained on one example."""
    if module.training and len(examples) == 1:
        raise OptionError(
            "batch normalisation cannot train on a batch of one example: choose trainer.batch_size so that no "
            "single training example is left over"
        )
