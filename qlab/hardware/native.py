"""A few gates at given places of a device, in the gates that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import generate_preset_pass_manager

_LEVEL = 1  # of Qiskit's optimisation: merges gates, and moves no qubit that has its place

Located = list[tuple[Any, tuple[int, ...]]]
"""Instructions of Qiskit, first executed first, with the qubits of the device that they act on."""


def native(gates: Sequence[Any], qubits: tuple[int, ...], device: BackendV2) -> Located:
    """Return gates of Qiskit that act on the same ``qubits`` of a device, one after the other, in its own gates."""
    written = QuantumCircuit(len(qubits))
    for gate in gates:
        written.append(gate, range(len(qubits)))
    passes = generate_preset_pass_manager(optimization_level=_LEVEL, backend=device, initial_layout=list(qubits))
    translated = passes.run(written)
    places = qubits if translated.layout is None else range(translated.num_qubits)
    return [
        (instruction.operation, tuple(places[translated.find_bit(qubit).index] for qubit in instruction.qubits))
        for instruction in translated.data
    ]
