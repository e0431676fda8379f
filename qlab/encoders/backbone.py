"""ResNet-18 and ResNet-50 up to their pooled features, for images of any size and number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlab.arrays import State
from qlab.data.dataset import FloatArray

WIDTHS = {18: 512, 50: 2048}
"""Pooled features of each depth."""

_STAGES: dict[int, dict[str, Any]] = {
    18: {"layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512]},
    50: {"layer_type": "bottleneck", "depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048]},
}
_IMAGES_AT_ONCE = 64


class Backbone(nn.Module):
    """Images (batch, C, H, W) to pooled features (batch, width); every channel is standardised first.

    Args:
        depth: 18 or 50.
        mean: (C,), what is subtracted from each channel.
        std: (C,), what each channel is divided by.
        seed: of the initial weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, depth: int, mean: NDArray[np.float32], std: NDArray[np.float32], seed: int) -> None:
        from transformers import ResNetConfig, ResNetModel

        super().__init__()
        self.width = WIDTHS[depth]
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            network = ResNetModel(ResNetConfig(num_channels=len(mean), embedding_size=64, **_STAGES[depth]))
        self.network = network.to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return pooled features (batch, width)."""
        standardised = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        pooled: Tensor = self.network(standardised).pooler_output.flatten(1)
        return pooled

    def freeze(self) -> Backbone:
        """Make it a fixed function: batch normalisation uses its stored statistics, nothing requires a gradient."""
        self.eval()
        self.requires_grad_(False)
        return self

    @property
    def n_parameters(self) -> int:
        """Weights, without the statistics of batch normalisation."""
        return sum(parameter.numel() for parameter in self.parameters())

    @torch.inference_mode()
    def pooled(self, images: FloatArray) -> FloatArray:
        """Return features (N, width) of images (N, C, H, W), a batch at a time."""
        features = np.empty((len(images), self.width), dtype=np.float32)
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            rows = slice(start, start + _IMAGES_AT_ONCE)
            features[rows] = self(torch.from_numpy(np.ascontiguousarray(images[rows]))).numpy()
        return features

    def arrays(self) -> State:
        """Return weights and statistics by name."""
        return {name: np.array(tensor.detach().numpy(), order="C") for name, tensor in self.state_dict().items()}

    @classmethod
    def from_arrays(cls, depth: int, arrays: Mapping[str, NDArray[Any]]) -> Backbone:
        """Rebuild a frozen backbone from ``arrays``."""
        backbone = cls(depth=depth, mean=arrays["mean"].ravel(), std=arrays["std"].ravel(), seed=0)
        backbone.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
        return backbone.freeze()


def channel_statistics(images: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation (C,) of the channels of images (N, C, H, W); a constant one gets 1."""
    mean = images.mean(axis=(0, 2, 3), dtype=np.float64)
    std = images.std(axis=(0, 2, 3), dtype=np.float64)
    return mean.astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)
