"""Writes a circuit gate by gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate, as_tuple
from qlab.circuits.slots import Input, Slot, Weight
from qlab.errors import CircuitError


class Builder:
    """Collects the gates of a circuit; each ``weight()`` is a fresh one.

    An ansatz is a function of a builder::

        def mine(builder, n_qubits, n_layers):
            for _ in range(n_layers):
                for qubit in range(n_qubits):
                    builder.gate("RY", qubit, builder.weight())
                builder.gate("CNOT", (0, 1))
    """

    def __init__(self) -> None:
        self._gates: list[Gate] = []
        self._n_weights = 0

    def gate(self, name: str, qubits: int | Sequence[int], angles: Slot | Sequence[Slot] = ()) -> None:
        """Append a gate; raises ``CircuitError`` where it is wrong."""
        self._gates.append(Gate(name, as_tuple(qubits), as_tuple(angles)))

    def weight(self, scale: float = 1.0) -> Weight:
        """Return the next weight that no gate has yet."""
        self._n_weights += 1
        return Weight(self._n_weights - 1, scale)

    def input(self, *indices: int, scale: float = 1.0) -> Input:
        """Return ``scale`` times the product of these inputs."""
        return Input(*indices, scale=scale)

    def circuit(self, n_qubits: int) -> Circuit:
        """Return the circuit of all gates so far; raises ``CircuitError`` where a qubit is out of range."""
        return Circuit(n_qubits, self._gates)


class WithoutEntanglers(Builder):
    """Leaves out every gate on two qubits or more, so that the circuit makes product states of product states.

    A preparation of amplitudes is kept: it is no gate between qubits, but the input.
    """

    def gate(self, name: str, qubits: int | Sequence[int], angles: Slot | Sequence[Slot] = ()) -> None:
        """Append a gate on one qubit, or a preparation; raises ``CircuitError`` where a weight would be left out."""
        if len(as_tuple(qubits)) == 1 or name == "AmplitudeEmbedding":
            super().gate(name, qubits, angles)
        elif any(isinstance(angle, Weight) for angle in as_tuple(angles)):
            raise CircuitError(f"{name} entangles by a weight, which cannot be left out: there is no such circuit")


Encoding = Callable[[Builder, int], None]
Ansatz = Callable[[Builder, int, int], None]
