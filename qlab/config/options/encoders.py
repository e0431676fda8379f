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


@dataclass
class ResNet18Published(FeatureOptions):
    """A random ResNet18 with its first convolution and a linear map trained: the LEGO authors' code."""

    FACTORY: ClassVar[str] = "qlab.encoders.resnet18_published:ResNet18Published"

    train_convolution: bool = option(True, "train the first convolution")
    train_projection: bool = option(True, "train the linear map from 512 features to n")


@dataclass
class CNN:
    """Convolutions and a reducer that are trained with the head: the image classifiers of arXiv:2509.13353."""

    FACTORY: ClassVar[str] = "qlab.encoders.cnn:Cnn"

    widths: list[int] = option([16, 32], "channels behind each convolution", at_least=1, at_most=4096)
    pools: int = option(2, "how many convolutions, the first ones, halve the image", at_least=0, at_most=16)
    grid: int = option(4, "cells on each side of the grid that is averaged over", at_least=1, at_most=64)
    hidden: int | None = option(256, "hidden width of the reducer; null: no reducer", at_least=1, at_most=65_536)
    n_features: int | None = option(
        16, "features handed to the head; null without a reducer: the grid", at_least=1, at_most=1_000_000
    )
    mean: list[float] = option([0.0], "subtracted from the pixels: one for all channels, or one for each")
    std: list[float] = option([1.0], "what pixels are then divided by: one for all channels, or one for each", above=0)
    augment: str = option("none", "how training images are changed", choices=("none", "affine", "flip_crop"))
    crop_padding: int = option(
        4,
        "zeros around an image that flip_crop crops from",
        at_least=0,
        at_most=64,
        acts_with=("augment", ("flip_crop",)),
    )


@dataclass
class BatchPCA:
    """Principal components of the pixels, fitted on every batch, in the test part, too: the LEGO authors' code."""

    FACTORY: ClassVar[str] = "qlab.encoders.batch_pca:BatchPCA"

    n_features: int = option(8, "features handed to the head", at_least=1, at_most=4096)
    signs: str = option("scores", "which largest entry of a component is made positive", choices=("scores", "loadings"))


@dataclass
class Kmer:
    """How often each word of k bases occurs in a one-hot sequence, or the principal components of that."""

    FACTORY: ClassVar[str] = "qlab.encoders.kmer:Kmer"

    n_features: int | None = option(
        8, "principal components handed to the head; null: all counts", at_least=1, at_most=4096
    )
    k: int = option(6, "bases of a word", at_least=1, at_most=6)
    seed: int = option(0, "seed of the decomposition", at_least=0, at_most=2**32 - 1)
    strands: str = option("both", "a word and its reverse complement are one, or not", choices=("both", "one"))


@dataclass
class PWM:
    """The best scores of a position weight matrix along both strands of a one-hot sequence."""

    FACTORY: ClassVar[str] = "qlab.encoders.pwm:PWM"

    n_features: int = option(8, "how many of the best scores", at_least=1, at_most=4096)
    motif: str | None = option(None, "JASPAR or MEME file of the matrix; null: AP-1", is_path=True)
    strength: float = option(1.0, "power of the matrix's probabilities", at_least=0, at_most=100)


@dataclass
class SequenceCNN(PretrainingOptions):
    """A convolution with global max pooling, trained on one-hot sequences, then frozen."""

    FACTORY: ClassVar[str] = "qlab.encoders.sequence_cnn:SequenceCNN"

    filters: int = option(32, "filters of the convolution", at_least=1, at_most=4096)
    width: int = option(12, "bases that a filter sees", at_least=1, at_most=200)
    strands: str = option("both", "each filter looks along both strands or one", choices=("both", "one"))
    pretrain_epochs: int = option(30, "passes over the source examples", at_least=1, at_most=100_000)
    pretrain_lr: float = option(0.01, "largest learning rate", above=0, at_most=1e6)


@dataclass
class BlockMeans:
    """Means over the cells of a grid, divided by their sum: a probability distribution."""

    FACTORY: ClassVar[str] = "qlab.encoders.block_means:BlockMeans"

    grid: int = option(8, "cells along each side", at_least=1, at_most=64)


@dataclass
class PooledSigns:
    """Which cells of a grid are brighter than their median over the training images: 1 or -1."""

    FACTORY: ClassVar[str] = "qlab.encoders.pooled_signs:PooledSigns"

    grid: int = option(4, "cells along each side", at_least=1, at_most=64)


@dataclass
class Pauli:
    """Expectation values of all Pauli words in a state, and their products."""

    FACTORY: ClassVar[str] = "qlab.encoders.pauli:Pauli"

    n_qubits: int = option(2, "qubits of a state", at_least=1, at_most=4)
    degree: int = option(1, "2 adds the product of every two values", at_least=1, at_most=2)
