"""Trainable layers: functions ``(builder, n_qubits, n_layers) -> None``.

Every angle is a fresh weight, in the order in which the gates are written. On one qubit nothing is entangled. On two
qubits a closed ring is CNOT(0,1), CNOT(1,0).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from qlab.circuits.builder import Ansatz, Builder
from qlab.errors import UnknownNameError

ENTRY_POINTS = "qlab.ansatze"


def ring(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """Rotate every qubit by RX, RY, RZ, then CNOT(0,1), ..., CNOT(n-2,n-1), CNOT(n-1,0): 3 n weights per layer.

    The order of the public code of the authors of arXiv:2601.21780.
    """
    for _ in range(n_layers):
        _rotations(builder, n_qubits)
        _ring(builder, n_qubits)


def ring_first(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """As ``ring``, but each layer entangles before it rotates."""
    for _ in range(n_layers):
        _ring(builder, n_qubits)
        _rotations(builder, n_qubits)


def chain(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """As ``ring``, without the closing CNOT(n-1,0)."""
    for _ in range(n_layers):
        _rotations(builder, n_qubits)
        for qubit in range(n_qubits - 1):
            builder.gate("CNOT", (qubit, qubit + 1))


def tree(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """As ``ring``, with CNOT(i, i + n/2) for each i < n/2 as entangler; with n odd the last qubit stays alone."""
    for _ in range(n_layers):
        _rotations(builder, n_qubits)
        for qubit in range(n_qubits // 2):
            builder.gate("CNOT", (qubit, qubit + n_qubits // 2))


def basic_entangler(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """One RX per qubit, then a closed ring of CNOTs (on two qubits a single CNOT): n weights per layer.

    The same as PennyLane's ``BasicEntanglerLayers``.
    """
    for _ in range(n_layers):
        for qubit in range(n_qubits):
            builder.gate("RX", qubit, builder.weight())
        if n_qubits == 2:
            builder.gate("CNOT", (0, 1))
        else:
            _ring(builder, n_qubits)


def strongly_entangling(builder: Builder, n_qubits: int, n_layers: int) -> None:
    """Rot on every qubit, then CNOT(i, i + r mod n), where layer l has r = l mod (n-1) + 1: 3 n weights per layer.

    The same as PennyLane's ``StronglyEntanglingLayers``.
    """
    for layer in range(n_layers):
        for qubit in range(n_qubits):
            builder.gate("Rot", qubit, [builder.weight() for _ in range(3)])
        if n_qubits > 1:
            _ring(builder, n_qubits, layer % (n_qubits - 1) + 1)


ANSATZE: Mapping[str, Ansatz] = MappingProxyType(
    {
        "ring": ring,
        "ring_first": ring_first,
        "chain": chain,
        "tree": tree,
        "basic_entangler": basic_entangler,
        "strongly_entangling": strongly_entangling,
    }
)


def ansatz_named(name: str) -> Ansatz:
    """Return a built-in ansatz, or the one that an installed package adds through an entry point in ``qlab.ansatze``.

    Raises:
        UnknownNameError: there is no such ansatz.
    """
    if name in ANSATZE:
        return ANSATZE[name]
    added = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in added:
        raise UnknownNameError("ansatz", name, [*ANSATZE, *added])
    loaded: Ansatz = added[name].load()
    return loaded


def _rotations(builder: Builder, n_qubits: int) -> None:
    for qubit in range(n_qubits):
        for name in ("RX", "RY", "RZ"):
            builder.gate(name, qubit, builder.weight())


def _ring(builder: Builder, n_qubits: int, distance: int = 1) -> None:
    for qubit in range(n_qubits if n_qubits > 1 else 0):
        builder.gate("CNOT", (qubit, (qubit + distance) % n_qubits))
