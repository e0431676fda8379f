"""Circuits as immutable lists of gates, without any simulation."""

from qlab.circuits.ansatz import ANSATZE
from qlab.circuits.builder import Builder
from qlab.circuits.circuit import Circuit
from qlab.circuits.encodings import ENCODINGS
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Weight
from qlab.circuits.variational import variational

__all__ = ["ANSATZE", "ENCODINGS", "Builder", "Circuit", "Gate", "Input", "PauliWord", "Weight", "variational"]
