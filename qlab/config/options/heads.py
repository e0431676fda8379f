"""Options of the heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from qlab.config.options.option import option

ENCODINGS = ("angle", "iqp", "amplitude")
ANSATZE = ("ring", "ring_first", "chain", "tree", "basic_entangler", "strongly_entangling")


@dataclass
class VQC:
    """A variational quantum circuit: encoding, trainable layers, expectation values as logits."""

    FACTORY: ClassVar[str] = "qlab.heads.vqc:VQC"

    n_qubits: int = option(8, "qubits", at_least=1, at_most=26)
    n_layers: int = option(6, "trainable layers", at_least=1, at_most=1000)
    encoding: str = option("angle", "how features enter", choices=ENCODINGS)
    squash: str = option("sigmoid", "maps a feature before it becomes an angle", choices=("sigmoid", "tanh", "none"))
    angle_scale: float = option(math.pi / 2, "radians per squashed feature", above=0, at_most=1e6)
    reuploading: bool = option(False, "encode again before every layer")
    ansatz: str = option("ring", "the trainable layers, by name")
    entanglers: bool = option(True, "keep the gates on two qubits; without them the circuit is a product")
    layer: str = option(
        "circuit", "train the circuit, freeze it, or put a linear map there", choices=("circuit", "frozen", "linear")
    )
    readout: str = option(
        "auto", "first expectations as logits, or a linear layer on all", choices=("auto", "expectations", "linear")
    )
    logit_scale: float = option(5.0, "multiplies the expectations; 1 is faithful to the paper", above=0, at_most=1e6)
    init: str = option("normal", "distribution of the first weights", choices=("normal", "uniform"))
    init_scale: float = option(0.1, "standard deviation, or half width, in radians", at_least=0, at_most=1e6)


@dataclass
class Linear:
    """One linear layer on the features."""

    FACTORY: ClassVar[str] = "qlab.heads.linear:Linear"


@dataclass
class Fourier:
    """A linear layer on random Fourier features: what a circuit's encoding can express, without the circuit."""

    FACTORY: ClassVar[str] = "qlab.heads.fourier:Fourier"

    n_frequencies: int = option(64, "frequencies, drawn once", at_least=1, at_most=100_000)
    spectrum: str = option("integer", "distribution of the frequencies", choices=("integer", "gaussian"))
    degree: int = option(1, "largest integer frequency: how often a circuit encodes", at_least=1, at_most=1000)
    squash: str = option("sigmoid", "maps a feature before it becomes an angle", choices=("sigmoid", "tanh", "none"))
    angle_scale: float = option(math.pi / 2, "radians per squashed feature", above=0, at_most=1e6)


@dataclass
class LogisticRegression:
    """Logistic regression by scikit-learn, solved instead of trained."""

    FACTORY: ClassVar[str] = "qlab.heads.logistic_regression:LogisticRegression"

    C: float = option(1.0, "inverse strength of the penalty", above=0, at_most=1e9)


@dataclass
class NearestNeighbours:
    """The vote of the nearest training examples."""

    FACTORY: ClassVar[str] = "qlab.heads.nearest_neighbours:NearestNeighbours"

    n_neighbours: int = option(5, "how many vote", at_least=1, at_most=100_000)


@dataclass
class MLP:
    """A multi-layer perceptron with as many trainable parameters as another head."""

    FACTORY: ClassVar[str] = "qlab.heads.mlp:MLP"

    match: str = option("vqc", "the head whose number of parameters is matched")
    match_options: dict[str, Any] = option({}, "its options where they differ from the defaults")
    n_parameters: int | None = option(None, "match this number instead", at_least=1)
