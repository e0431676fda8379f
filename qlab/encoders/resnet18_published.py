"""The ResNet18 of the LEGO authors' public code: neither pre-trained nor frozen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from qlab.encoders.backbone import WIDTHS, Backbone
from qlab.encoders.trainable import Block, TrainableEncoder, drawn, require_statistics

_DEPTH = 18


class ResNet18Published(TrainableEncoder):
    """A random ResNet18 whose first convolution is trained, and a trained linear map from 512 features to a few.

    This is what the predecessor of arXiv:2601.21780 executes (code of arXiv:2306.03741v2). The first convolution is
    made anew after the network is frozen, so that it is trained. Batch normalisation uses the statistics of the batch
    in training, and in evaluation the running ones that it gathered; its scales and shifts are never trained.

    Args:
        n_features: what the linear map leaves.
        train_convolution: train the first convolution; otherwise it keeps its first weights.
        train_projection: train the linear map; otherwise it keeps its first weights.
        seed: of the frozen weights; those that can be trained are drawn with the head's.
    """

    def __init__(self, *, n_features: int, train_convolution: bool, train_projection: bool, seed: int) -> None:
        self.n_features = n_features
        self.train_convolution, self.train_projection = train_convolution, train_projection
        self.seed = seed

    def block(self, image_shape: tuple[int, ...], generator: torch.Generator) -> Block:
        """Return the network for images of shape (C, H, W)."""
        block = PublishedBlock(image_shape[0], self.n_features, self.seed, generator)
        block.convolution.requires_grad_(self.train_convolution)
        block.projection.requires_grad_(self.train_projection)
        return block


class PublishedBlock(Block):
    """Images (B, C, H, W) to features (B, n_features).

    Attributes:
        convolution: the first one of the network, 7 x 7 with stride 2.
        projection: the linear map from 512 features.

    Raises:
        OptionError: it is trained on a batch of one image, which has no statistics.
    """

    def __init__(self, n_channels: int, n_features: int, seed: int, generator: torch.Generator) -> None:
        super().__init__()
        self.n_features = n_features
        nothing, unit = np.zeros(n_channels, dtype=np.float32), np.ones(n_channels, dtype=np.float32)
        self.backbone = Backbone(depth=_DEPTH, mean=nothing, std=unit, seed=seed)
        self.backbone.requires_grad_(False)
        drawn(self.convolution, generator)
        self.projection = skip_init(nn.Linear, WIDTHS[_DEPTH], n_features)
        drawn(self.projection, generator)

    @property
    def convolution(self) -> nn.Conv2d:
        """The first convolution."""
        found = self.backbone.network.embedder.embedder.convolution
        assert isinstance(found, nn.Conv2d)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, n_features) of images (B, C, H, W)."""
        require_statistics(self, images)
        features: Tensor = self.projection(self.backbone(images))
        return features
