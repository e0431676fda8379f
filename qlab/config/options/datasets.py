"""Options of the datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option


@dataclass
class SplitOptions:
    """How many examples go where; every dataset has these."""

    n_train: int | None = option(None, "training examples; null: all that are left", at_least=1)
    n_val: int | None = option(None, "validation examples; null: a tenth of what is not test", at_least=1)
    n_test: int | None = option(None, "test examples; null: the official test part, or a fifth", at_least=1)
    split_seed: int = option(0, "seed of the split", at_least=0, at_most=2**32 - 1)


@dataclass
class QuantumDot(SplitOptions):
    """Charge-stability diagrams of quantum dots, generated, or read from the three files of their authors."""

    FACTORY: ClassVar[str] = "qlab.data.quantum_dot:QuantumDot"

    seed: int = option(0, "seed of the generator; image i depends on it and on i alone", at_least=0, at_most=2**32 - 1)
    size: int = option(2800, "diagrams to generate", at_least=2, at_most=1_000_000)
    task: str = option("binary", "single/double dot, or five classes", choices=("binary", "five_class"))
    preset: str = option("scattered", "where the window lies", choices=("scattered", "anchored", "hard"))
    noise: float = option(1.0, "multiplies every noise of the sensor", at_least=0, at_most=10)
    images: str = option("noisy", "which version of each diagram", choices=("noisy", "clean"))
    resolution: int = option(50, "pixels along each gate voltage", at_least=8, at_most=512)
    scaling: str = option("image", "standardise each image, or leave it", choices=("image", "none"))
    path: str | None = option(None, "folder of csds.npy, csds_noiseless.npy, labels.npy", is_path=True)


@dataclass
class Digits(SplitOptions):
    """Scikit-learn's 1,797 real scans of 8 x 8 pixels; needs no files."""

    FACTORY: ClassVar[str] = "qlab.data.digits:Digits"

    classes: list[int] | None = option(None, "keep these digits only, e.g. [3,8]", at_least=0, at_most=9)


@dataclass
class Mnist(SplitOptions):
    """MNIST scans of 28 x 28 pixels, from idx files or a verified download."""

    FACTORY: ClassVar[str] = "qlab.data.mnist:Mnist"

    path: str | None = option(None, "folder of the four idx files", is_path=True)
    classes: list[int] | None = option(None, "keep these classes only, e.g. [3,6]", at_least=0, at_most=9)


@dataclass
class FashionMnist(Mnist):
    """Fashion-MNIST pictures of 28 x 28 pixels, from idx files or a verified download."""

    FACTORY: ClassVar[str] = "qlab.data.mnist:FashionMnist"


@dataclass
class Cifar100(SplitOptions):
    """CIFAR-100 photographs, 3 x 32 x 32, from its binary version or a verified download."""

    FACTORY: ClassVar[str] = "qlab.data.cifar100:Cifar100"

    path: str | None = option(None, "cifar-100-binary.tar.gz, or a folder with it or its files", is_path=True)
    classes: list[int] | None = option(None, "keep these classes only, e.g. [0,11]", at_least=0, at_most=99)
    labels: str = option("fine", "100 classes, or the 20 they are grouped in", choices=("fine", "coarse"))


@dataclass
class Stl10(SplitOptions):
    """STL-10 photographs, 3 x 96 x 96, from its binary version or a verified download (2.5 GiB)."""

    FACTORY: ClassVar[str] = "qlab.data.stl10:Stl10"

    path: str | None = option(None, "stl10_binary.tar.gz, or a folder with it or its files", is_path=True)
    classes: list[int] | None = option(None, "keep these classes only, counted from 0", at_least=0, at_most=9)


@dataclass
class Tfbs(SplitOptions):
    """Windows of DNA with and without a binding site: generated, or real ones from a CSV or FASTA file."""

    FACTORY: ClassVar[str] = "qlab.data.tfbs:Tfbs"

    seed: int = option(0, "seed of the generator; window i depends on it and on i", at_least=0, at_most=2**32 - 1)
    size: int = option(2800, "windows to generate, half of them with a site", at_least=2, at_most=1_000_000)
    length: int = option(101, "bases of a generated window", at_least=20, at_most=10_000)
    motif: str | None = option(None, "JASPAR or MEME file of the planted motif; null: AP-1", is_path=True)
    strength: float = option(1.0, "power of the motif's probabilities; 0 makes them uniform", at_least=0, at_most=100)
    planted: float = option(1.0, "probability that a positive carries the motif", at_least=0, at_most=1)
    position: float | None = option(None, "mean centre of the motif, in bases; null: the middle", at_least=0)
    position_sd: float = option(15.0, "standard deviation of that centre, in bases", at_least=0, at_most=1e6)
    path: str | None = option(None, "CSV or FASTA file of real windows, or a folder with one", is_path=True)
    block: int | None = option(1_000_000, "bases of a chromosome on one side of a split; null: random", at_least=1000)


@dataclass
class Entanglement(SplitOptions):
    """Density matrices of two qubits, separable or entangled, with a family of adversarial ones."""

    FACTORY: ClassVar[str] = "qlab.data.entanglement:Entanglement"

    seed: int = option(0, "seed of the generator; state i depends on it and on i alone", at_least=0, at_most=2**32 - 1)
    size: int = option(6800, "states to generate", at_least=2, at_most=1_000_000)
    preset: str = option("bell", "which families", choices=("bell", "wide"))
    local: bool = option(True, "rotate each qubit of every state at random")


@dataclass
class SpinChainOptions(SplitOptions):
    """Which ground states of a chain are drawn."""

    seed: int = option(0, "seed of the generator; state i depends on it and on i alone", at_least=0, at_most=2**32 - 1)
    size: int = option(1200, "states to generate", at_least=2, at_most=1_000_000)
    n_qubits: int = option(4, "sites of the open chain", at_least=2, at_most=6)
    low: float = option(0.2, "smallest value of what drives the transition at 1", at_least=0.05, at_most=10)
    high: float = option(1.8, "largest value", at_least=0.05, at_most=10)


@dataclass
class Tfim(SpinChainOptions):
    """Ground states of the transverse-field Ising chain, labelled by the phase."""

    FACTORY: ClassVar[str] = "qlab.data.spin_chains:TransverseFieldIsing"


@dataclass
class Xxz(SpinChainOptions):
    """Ground states of the XXZ chain, labelled by the phase."""

    FACTORY: ClassVar[str] = "qlab.data.spin_chains:XXZ"
