"""Options of the frozen blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option


@dataclass
class FeatureOptions:
    """How many features a block hands to the head."""

    n_features: int = option(8, "features handed to the head", at_least=1, at_most=4096)
    seed: int = option(0, "seed of everything random in the block", at_least=0, at_most=2**32 - 1)


@dataclass
class PCA(FeatureOptions):
    """Principal components of the pixels, standardised."""

    FACTORY: ClassVar[str] = "qlab.encoders.pca:PCA"

    whiten: bool = option(True, "scale every component to unit variance")


@dataclass
class FFTPCA(PCA):
    """Principal components of the logarithm of the power in each spatial frequency."""

    FACTORY: ClassVar[str] = "qlab.encoders.fft_pca:FFTPCA"


@dataclass
class Identity:
    """The pixels themselves."""

    FACTORY: ClassVar[str] = "qlab.encoders.identity:Identity"

    n_features: int | None = option(None, "check that an image has this many pixels", at_least=1)


@dataclass
class PretrainingOptions(FeatureOptions):
    """How a block is trained before it is frozen."""

    source: str = option(
        "generated", "train it on a disjoint set or on the training split", choices=("generated", "train")
    )
    source_size: int = option(1800, "examples of the disjoint set", at_least=10, at_most=1_000_000)
    pretrain_epochs: int = option(6, "passes over the source examples", at_least=1, at_most=100_000)
    pretrain_lr: float = option(2e-3, "largest learning rate", above=0, at_most=1e6)


@dataclass
class TensorTrain(PretrainingOptions):
    """A linear layer in tensor-train form, pre-trained with a linear head, then frozen."""

    FACTORY: ClassVar[str] = "qlab.encoders.tensor_train:TensorTrain"

    input_shape: str | None = option(None, "modes of the pixels, e.g. 5x10x5x10; null: balanced")
    output_shape: str | None = option(None, "modes of the features, e.g. 2x2x2x1; null: balanced")
    rank: int = option(2, "rank of every bond", at_least=1, at_most=64)
    pretrain_epochs: int = option(30, "passes over the source examples", at_least=1, at_most=100_000)
    pretrain_lr: float = option(0.02, "largest learning rate", above=0, at_most=1e6)


@dataclass
class ResNet(PretrainingOptions):
    """A residual network without its last layer, frozen with batch norm in evaluation mode."""

    FACTORY: ClassVar[str] = "qlab.encoders.resnet:ResNet"

    depth: int = option(18, "layers", choices=(18, 50))
    weights: str = option("pretrained", "where the weights come from", choices=("pretrained", "imagenet", "random"))
    weights_path: str | None = option(None, "local file or folder of the weights", is_path=True)
    projection: str = option("pca", "from 512 or 2048 features to n", choices=("pca", "random", "trainable"))
