"""What can be said of each component in a config; importing this imports neither of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.datasets import SplitOptions
from qlab.config.options.option import option


@dataclass
class Moons(SplitOptions):
    """Two half circles of points that interleave."""

    FACTORY: ClassVar[str] = "qlab_example.moons:Moons"

    seed: int = option(0, "seed of the generator", at_least=0, at_most=2**32 - 1)
    size: int = option(600, "points to generate", at_least=20, at_most=1_000_000)
    noise: float = option(0.1, "standard deviation added to each coordinate", at_least=0, at_most=10)


@dataclass
class Dressed:
    """A circuit between two linear layers, all of it trained: arXiv:1912.08283."""

    FACTORY: ClassVar[str] = "qlab_example.dressed:Dressed"

    n_qubits: int = option(4, "qubits", at_least=1, at_most=26)
    n_layers: int = option(3, "trainable layers of the circuit", at_least=1, at_most=1000)
