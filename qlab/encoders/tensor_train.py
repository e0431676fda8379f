"""A linear layer whose weight matrix is a tensor train, trained on a source task and then frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.backbone import channel_statistics
from qlab.encoders.encoder import FitContext
from qlab.encoders.factors import TrainShape, train_shape
from qlab.encoders.fitted import pack_facts, require_fitted, under_prefix, unpack_facts, with_prefix
from qlab.encoders.projection import Projection, standardising
from qlab.encoders.source import SourceKind, source_examples, source_facts
from qlab.encoders.supervised import Schedule, train_classifier

_IMAGES_AT_ONCE = 256


class TensorTrainLayer(nn.Module):
    """``y[m_1..m_d] = sum_n x[n_1..n_d] prod_k G_k[r_{k-1}, n_k, m_k, r_k] + bias``.

    Args:
        shape: modes and ranks. The initial cores, drawn from torch's generator, keep the variance of white input.
    """

    def __init__(self, shape: TrainShape) -> None:
        super().__init__()
        sizes = [shape.core(k) for k in range(len(shape.inputs))]
        self.cores = nn.ParameterList(torch.randn(size) / math.sqrt(size[0] * size[1]) for size in sizes)
        self.bias = nn.Parameter(torch.zeros(math.prod(shape.outputs)))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return (batch, m_1·..·m_d) of vectors (batch, n_1·..·n_d)."""
        partial = vectors[:, None, None, :]  # (batch, m_1..m_k, r_k, n_{k+1}..n_d)
        for core in self.cores:
            modes = partial.reshape(*partial.shape[:3], core.shape[1], -1)
            partial = torch.einsum("bmrnx,rnks->bmksx", modes, core).flatten(1, 2)
        return partial.flatten(1) + self.bias


class _Block(nn.Module):
    """Standardised images through the layer; while it is trained, a sigmoid follows, as in the angle encoding."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: NDArray[np.float32], std: NDArray[np.float32], shape: TrainShape) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))
        self.layer = TensorTrainLayer(shape)

    def forward(self, images: Tensor) -> Tensor:
        return torch.sigmoid(self.outputs(images))

    def outputs(self, images: Tensor) -> Tensor:
        outputs: Tensor = self.layer(((images - self.mean) / self.std).flatten(1))
        return outputs


class TensorTrain:
    """Outputs of a tensor-train layer that was trained with a linear classifier, standardised on the training images.

    Args:
        n_features: outputs of the layer.
        input_shape: how the pixels are split into modes, like ``"5x10x5x10"``; None: balanced (see ``train_shape``).
        output_shape: how the features are split into as many modes; None: balanced.
        rank: of every bond between two cores.
        source: train on ``generated`` examples that are disjoint from the task's, or on the ``train`` split itself.
        source_size: how many generated examples; one in nine is held out.
        pretrain_epochs: passes over them.
        pretrain_lr: peak learning rate.
        seed: of initial weights and order.
    """

    def __init__(
        self,
        *,
        n_features: int,
        input_shape: str | None = None,
        output_shape: str | None = None,
        rank: int = 2,
        source: SourceKind = "generated",
        source_size: int = 1800,
        pretrain_epochs: int = 30,
        pretrain_lr: float = 2e-2,
        seed: int = 0,
    ) -> None:
        self.n_features = n_features
        self.input_shape = input_shape
        self.output_shape = output_shape
        self.rank = rank
        self.source: SourceKind = source
        self.source_size = source_size
        self.schedule = Schedule(pretrain_epochs, pretrain_lr, batch_size=64, seed=seed)
        self._block: _Block | None = None
        self._projection: Projection | None = None
        self._facts: dict[str, object] = {}

    @property
    def n_parameters(self) -> int:
        """Entries of the cores and the bias."""
        return sum(parameter.numel() for parameter in require_fitted(self._block).parameters())

    @property
    def provenance(self) -> Mapping[str, object]:
        """Modes, ranks and accuracy on held-out source images."""
        return dict(self._facts)

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code and the hash of the source examples."""
        return {"version": 1, **source_facts(self.source, self.source_size, context)}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Train the layer on the source examples, then standardise its outputs on images (N, C, H, W).

        Raises:
            OptionError: modes, ranks, pixels and ``n_features`` do not fit each other.
            DataError: there are no source examples.
        """
        shape = self._shape(images.shape[1:])
        examples, classes = source_examples(self.source, self.source_size, images, labels, context)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.schedule.seed)
            block = _Block(*channel_statistics(examples), shape)
        accuracy = train_classifier(
            block, self.n_features, examples, classes, self.schedule, context.progress, "training the tensor train"
        )
        self._set(block)
        self._projection = standardising(self._outputs(images))
        self._facts = {
            "input_shape": list(shape.inputs),
            "output_shape": list(shape.outputs),
            "ranks": list(shape.ranks),
            "source_accuracy": accuracy,
            "source_size": len(examples),
        }

    def transform(self, images: FloatArray) -> FloatArray:
        """Return standardised outputs (N, n_features) of images (N, C, H, W)."""
        return require_fitted(self._projection).apply(self._outputs(images))

    def state(self) -> State:
        """Return cores, bias, scales and facts."""
        block = {name: tensor.numpy().copy() for name, tensor in require_fitted(self._block).state_dict().items()}
        projection = require_fitted(self._projection).state()
        return with_prefix("block", block) | with_prefix("projection", projection) | {"facts": pack_facts(self._facts)}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._facts = facts = unpack_facts(state["facts"])
        shape = TrainShape(*(tuple(facts[name]) for name in ("input_shape", "output_shape", "ranks")))
        arrays = under_prefix("block", state)
        block = _Block(arrays["mean"].ravel(), arrays["std"].ravel(), shape)
        block.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
        self._set(block)
        self._projection = Projection.from_state(under_prefix("projection", state))

    def _shape(self, image_shape: tuple[int, ...]) -> TrainShape:
        return train_shape(image_shape, self.n_features, self.input_shape, self.output_shape, self.rank)

    def _set(self, block: _Block) -> None:
        self._block = block.eval().requires_grad_(False)

    @torch.inference_mode()
    def _outputs(self, images: FloatArray) -> FloatArray:
        block = require_fitted(self._block)
        outputs = np.empty((len(images), self.n_features), dtype=np.float32)
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            rows = slice(start, start + _IMAGES_AT_ONCE)
            outputs[rows] = block.outputs(torch.from_numpy(np.ascontiguousarray(images[rows]))).numpy()
        return outputs
