"""Options of the heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from qlab.config.options.option import option

ENCODINGS = ("angle", "iqp", "amplitude")
METHODS = ("hedging", "qcgd", "copositive", "penalty", "descent", "straight_through", "chance")
SOLVERS = (
    "simulated_annealing",
    "exact",
    "tabu",
    "path_integral",
    "qaoa",
    "dwave",
    "enumeration",
    "search",
)
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
class Dense:
    """A hidden layer with batch normalisation and dropout, and a linear readout."""

    FACTORY: ClassVar[str] = "qlab.heads.dense:Dense"

    hidden: int = option(128, "width of the hidden layer", at_least=1, at_most=65_536)
    dropout: float = option(0.3, "share of hidden values set to 0 in training", at_least=0, at_most=0.99)


@dataclass
class AmplitudeVQC(Dense):
    """Softmax, amplitudes, basic entanglers, expectation values, and a dense readout: arXiv:2509.13353."""

    FACTORY: ClassVar[str] = "qlab.heads.amplitude_vqc:AmplitudeVQC"
    encoding: ClassVar[str] = "amplitude"

    n_qubits: int = option(4, "qubits; 2^n features", at_least=1, at_most=26)
    n_layers: int = option(2, "trainable layers", at_least=1, at_most=1000)
    entanglers: bool = option(True, "keep the gates on two qubits", acts_with=("layer", ("circuit", "frozen")))
    layer: str = option(
        "circuit",
        "what stands between amplitudes and readout: the circuit, trained or frozen, or a classical map",
        choices=("circuit", "frozen", "linear", "tanh", "identity"),
    )


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


@dataclass
class Residual:
    """Residual blocks of unitaries that are measured, activated and mixed into their state (HQRN)."""

    FACTORY: ClassVar[str] = "qlab.heads.residual.head:Residual"

    blocks: int = option(2, "residual blocks; 0: the readout alone", at_least=0, at_most=100)
    alpha: float = option(0.5, "share of what is measured in the next state", at_least=0, at_most=1)
    activation: str = option("softmax", "of the scores", choices=("relu", "softmax", "sigmoid"))
    sharpness: float = option(8.0, "multiplies the scores under softmax and sigmoid", above=0, at_most=1e6)
    parametrisation: str = option(
        "unitary", "train unitaries exp(iH), or real weights to be translated", choices=("unitary", "weights")
    )
    inputs: str = option("density", "what the features are", choices=("density", "probabilities"))
    diagonal: bool = option(False, "leave out the coherences: the classical analog")
    phases: str = option("random", "of the contractions of real weights", choices=("random", "optimised", "zero"))
    readout: str = option("linear", "of the last diagonal", choices=("linear", "groups"))
    training: str = option("joint", "all blocks at once, or one after the other", choices=("joint", "greedy"))
    restarts: int = option(1, "trainings, of which the least training loss is kept", at_least=1, at_most=100)
    init_scale: float = option(0.5, "deviation of the first entries of H, or sqrt(N) times it", above=0, at_most=1e3)
    trotter_steps: int | None = option(None, "at evaluation; null: unitaries as they are", at_least=1, at_most=100_000)
    depolarizing: float = option(0.0, "at evaluation: probability for each unitary", at_least=0, at_most=1)
    flip: float = option(0.0, "at evaluation: probability to misread a bit", at_least=0, at_most=1)
    shots: int | None = option(None, "at evaluation: for each sign of each block; null: exact", at_least=1)
    shots_seed: int = option(0, "seed of what is drawn", at_least=0, at_most=2**32 - 1)


@dataclass
class Quantized:
    """A network of whole-numbered weights on the signs of the features, trained by binary optimization."""

    FACTORY: ClassVar[str] = "qlab.heads.quantized:Quantized"

    hidden: list[int] = option([2], "widths of the hidden layers", at_least=1, at_most=1024)
    weight_bits: int = option(1, "bits of a weight", at_least=1, at_most=8)
    bias_bits: int = option(2, "bits of a bias; 0: none", at_least=0, at_most=8)
    activation: str = option("sign", "of the hidden layers", choices=("sign", "relu", "tanh"))
    intervals: int = option(4, "pieces of tanh", at_least=1, at_most=64)
    resolution: int = option(4, "units that 1 has in the values of tanh", at_least=1, at_most=1024)
    gain: float = option(1.0, "multiplies the argument of tanh", above=0, at_most=1e6)
    loss: str = option("error", "of a sample", choices=("error", "hinge"))
    margin: float = option(1.0, "where hinge becomes 0", above=0, at_most=1e6)
    break_symmetry: bool = option(True, "fix one bit of each hidden neuron where that changes nothing")
    method: str = option("hedging", "how it is trained", choices=METHODS)
    solver: str = option("simulated_annealing", "the oracle", choices=SOLVERS)
    calls: int = option(1000, "calls of the oracle, at most", at_least=1, at_most=10_000_000)
    reads: int = option(24, "reads of each call", at_least=1, at_most=100_000)
    group_size: int = option(10, "samples of a group, where samples are grouped", at_least=1, at_most=1_000_000)
    rho: float = option(0.5, "weight of the agreement in hedging", above=0, at_most=1e6)
    penalty: float = option(0.3, "weight of the constraints in hedging", above=0, at_most=1e6)
    beta: float = option(1.0, "first weight of the constraints in conditional gradients", above=0, at_most=1e6)
    dual: bool = option(True, "multipliers in conditional gradients")
    eigenvector: bool = option(False, "round the lifted matrix instead of keeping the best answer")
    energy_noise: float = option(0.0, "standard deviation of the oracle's energies", at_least=0, at_most=1e6)
    coefficient_noise: float = option(
        0.0, "standard deviation of the oracle's coefficients, of the largest", at_least=0, at_most=1e3
    )
    coefficient_bits: int | None = option(None, "of the oracle's coefficients; null: exact", at_least=2, at_most=52)
    memory_mib: int = option(2048, "what building a model may take, in MiB", at_least=1, at_most=1_000_000)
