"""Pooled features of a frozen ResNet, projected to a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.backbone import WIDTHS, Backbone, channel_statistics
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import pack_facts, require_fitted, under_prefix, unpack_facts, with_prefix
from qlab.encoders.imagenet import imagenet_backbone, imagenet_file
from qlab.encoders.pooled import KeptFeatures
from qlab.encoders.pretrain import Pretrained, load_pretrained, pretrain_resnet
from qlab.encoders.projection import Projection, gaussian, principal, standardising
from qlab.encoders.source import SourceKind, source_examples, source_facts
from qlab.encoders.supervised import Schedule
from qlab.errors import OptionError
from qlab.files import sha256_file

Weights = Literal["pretrained", "random", "imagenet"]
ProjectionKind = Literal["pca", "random", "trainable"]


class ResNet:
    """A ResNet up to its pooled features (512 or 2048), batch normalisation always with stored statistics.

    Args:
        n_features: what the projection leaves.
        depth: 18 or 50.
        weights: ``pretrained`` on a source task by qlab, ``random`` as a control, or ``imagenet``.
        weights_path: a safetensors file or a ``save_pretrained`` folder with ImageNet weights; None: from the hub.
        projection: ``pca`` fitted on the training images, ``random`` Gaussian, both standardised; ``trainable``
            leaves the map to the head: ``transform`` then returns all pooled features, standardised.
        source: pre-train on ``generated`` examples that are disjoint from the task's, or on the ``train`` split.
        source_size: how many generated examples; one in nine is held out.
        pretrain_epochs: passes over them.
        pretrain_lr: peak learning rate.
        seed: of random weights, pre-training and projection.
    """

    def __init__(
        self,
        *,
        n_features: int,
        depth: Literal[18, 50] = 18,
        weights: Weights = "pretrained",
        weights_path: str | None = None,
        projection: ProjectionKind = "pca",
        source: SourceKind = "generated",
        source_size: int = 1800,
        pretrain_epochs: int = 6,
        pretrain_lr: float = 2e-3,
        seed: int = 0,
    ) -> None:
        if depth not in WIDTHS:
            raise OptionError(f"depth={depth}: a ResNet of qlab has depth 18 or 50")
        if weights_path is not None and weights != "imagenet":
            raise OptionError(f"weights_path is read only with weights=imagenet, not weights={weights}")
        self.n_features = n_features
        self.depth = depth
        self.weights: Weights = weights
        self.weights_path = weights_path
        self.projection: ProjectionKind = projection
        self.source: SourceKind = source
        self.source_size = source_size
        self.schedule = Schedule(pretrain_epochs, pretrain_lr, batch_size=32, seed=seed)
        self.seed = seed
        self._backbone: Backbone | None = None
        self._pooled: Callable[[FloatArray], FloatArray] | None = None
        self._projection: Projection | None = None
        self._facts: dict[str, object] = {}

    @property
    def n_outputs(self) -> int:
        """Columns that ``transform`` returns: all pooled features if the head owns the projection."""
        return WIDTHS[self.depth] if self.projection == "trainable" else self.n_features

    @property
    def n_parameters(self) -> int:
        """Weights of the network and entries of the projection."""
        return require_fitted(self._backbone).n_parameters + require_fitted(self._projection).n_parameters

    @property
    def provenance(self) -> Mapping[str, object]:
        """Where the weights come from; for pre-trained ones the accuracy on held-out source images."""
        return dict(self._facts)

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code and the hash of the source examples or of ImageNet's weights file."""
        facts: dict[str, object] = {"version": 1}
        if self.weights == "pretrained":
            facts |= source_facts(self.source, self.source_size, context)
        if self.weights == "imagenet":
            facts["weights_sha256"] = sha256_file(self._imagenet_file(download=context.download))
        return facts

    def pretrain(self, images: FloatArray, labels: IntArray, context: FitContext) -> Pretrained:
        """Train the weights that ``fit`` will use, or find them; the training split is used with source=train only.

        Raises:
            DataError: there are no source examples.
            DivergedError: the loss is not finite.
        """
        examples, classes = source_examples(self.source, self.source_size, images, labels, context)
        folder = context.cache / "weights"
        return pretrain_resnet(
            examples, classes, depth=self.depth, schedule=self.schedule, folder=folder, progress=context.progress
        )

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Get the weights, then fit the projection on the pooled features of images (N, C, H, W).

        Raises:
            OptionError: more ``n_features`` than training images or pooled features; ImageNet weights for images
                with neither 1 nor 3 channels.
            DataError: weights or source examples are missing or unusable.
            DivergedError: the loss of the pre-training is not finite.
        """
        self._backbone, facts = self._load_weights(images, labels, context)
        self._pooled = KeptFeatures(self._backbone, context.cache / "pooled", context.progress)
        self._projection = self._fit_projection(self._pooled(images))
        self._facts = {"weights": self.weights, "projection": self.projection, **facts}

    def transform(self, images: FloatArray) -> FloatArray:
        """Return features (N, n_outputs) of images (N, C, H, W)."""
        return require_fitted(self._projection).apply(require_fitted(self._pooled)(images))

    def state(self) -> State:
        """Return weights, batch-norm statistics, projection and facts."""
        backbone = with_prefix("backbone", require_fitted(self._backbone).arrays())
        projection = with_prefix("projection", require_fitted(self._projection).state())
        return backbone | projection | {"facts": pack_facts(self._facts)}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._backbone = Backbone.from_arrays(self.depth, under_prefix("backbone", state))
        self._pooled = self._backbone.pooled
        self._projection = Projection.from_state(under_prefix("projection", state))
        self._facts = unpack_facts(state["facts"])

    def _load_weights(
        self, images: FloatArray, labels: IntArray, context: FitContext
    ) -> tuple[Backbone, dict[str, object]]:
        if self.weights == "random":
            mean, std = channel_statistics(images)
            return Backbone(depth=self.depth, mean=mean, std=std, seed=self.seed).freeze(), {}
        if self.weights == "imagenet":
            file = self._imagenet_file(download=context.download)
            return imagenet_backbone(self.depth, images.shape[1], file), {"weights_sha256": sha256_file(file)}
        pretrained = self.pretrain(images, labels, context)
        facts: dict[str, object] = {
            "weights_key": pretrained.key,
            "source_accuracy": pretrained.source_accuracy,
            "source_epochs": pretrained.epochs,
            "source_size": pretrained.source_size,
        }
        return load_pretrained(pretrained.path), facts

    def _imagenet_file(self, *, download: bool) -> Path:
        return imagenet_file(self.depth, self.weights_path, download=download)

    def _fit_projection(self, pooled: FloatArray) -> Projection:
        if self.projection == "pca":
            return principal(pooled, self.n_features, whiten=True, seed=self.seed)
        if self.projection == "random":
            return gaussian(pooled, self.n_features, seed=self.seed)
        return standardising(pooled)
