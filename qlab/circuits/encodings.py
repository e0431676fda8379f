"""How a sample's inputs enter a circuit: functions ``(builder, n_qubits) -> None``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

from qlab.circuits.builder import Builder, Encoding
from qlab.errors import UnknownNameError


def angle(builder: Builder, n_qubits: int) -> None:
    """Turn qubit i by RY(x_i); inputs are angles in radians, one per qubit.

    The tensor-product encoding of arXiv:2601.21780 is this one on angles pi/2 sigmoid(z).
    """
    for qubit in range(n_qubits):
        builder.gate("RY", qubit, builder.input(qubit))


def iqp(builder: Builder, n_qubits: int, repeats: int = 1) -> None:
    """Repeat: Hadamards, RZ(x_i) on qubit i, IsingZZ(x_i x_j) on every pair; inputs in radians, one per qubit.

    The same as PennyLane's ``IQPEmbedding``.
    """
    for _ in range(repeats):
        for qubit in range(n_qubits):
            builder.gate("Hadamard", qubit)
            builder.gate("RZ", qubit, builder.input(qubit))
        for pair in combinations(range(n_qubits), 2):
            builder.gate("IsingZZ", pair, builder.input(*pair))


def amplitude(builder: Builder, n_qubits: int) -> None:
    """Prepare the state whose 2^n amplitudes are the inputs, normalised."""
    builder.gate("AmplitudeEmbedding", range(n_qubits))


ENCODINGS: Mapping[str, Encoding] = MappingProxyType({"angle": angle, "iqp": iqp, "amplitude": amplitude})


def encoding_named(name: str) -> Encoding:
    """Return the encoding of that name; raises ``UnknownNameError`` where there is none."""
    if name not in ENCODINGS:
        raise UnknownNameError("encoding", name, ENCODINGS)
    return ENCODINGS[name]
