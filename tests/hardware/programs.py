"""Small programs for tests."""

from __future__ import annotations

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.providers import BackendV2
from qiskit.transpiler import generate_preset_pass_manager

from qlab.hardware.program import REGISTER, Program


def rotations(n_qubits: int = 2) -> QuantumCircuit:
    """A circuit with <Z_q> = cos(x_q), for any device."""
    x = ParameterVector("x", n_qubits)
    circuit = QuantumCircuit(n_qubits)
    circuit.add_register(ClassicalRegister(n_qubits, REGISTER))
    for qubit in range(n_qubits):
        circuit.ry(x[qubit], qubit)
        circuit.measure(qubit, qubit)
    return circuit


def program(device: BackendV2, rows: int = 3, shots: int = 50, n_qubits: int = 2, seed: int = 0) -> Program:
    """``rotations`` in the gates of a device, with random angles."""
    passes = generate_preset_pass_manager(optimization_level=1, backend=device, seed_transpiler=0)
    values = np.random.default_rng(seed).uniform(-3, 3, (rows, n_qubits))
    return Program(passes.run(rotations(n_qubits)), values, shots)
