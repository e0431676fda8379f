"""A block's unitary as gates: rotations and CNOTs, synthesised by Qiskit."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import StatePreparation, UnitaryGate

from qlab.circuits import Circuit
from qlab.circuits.gate import Gate


def block_circuit(unitary: torch.Tensor, state: torch.Tensor | None = None) -> Circuit:
    """Return the circuit of a unitary (2N, 2N), exact up to a global phase; qubit 0 is the ancilla, the others data.

    With ``state`` (N,), the amplitudes of a pure state, it starts with gates that prepare the data qubits in it. A
    mixed state is a mixture of the outcomes of its eigenvectors. The number of gates grows with N^2: 19 CNOTs for 3
    qubits, 7,319 for 7.
    """
    matrix: NDArray[np.complex128] = unitary.detach().to(torch.complex128).numpy()
    n_qubits = len(matrix).bit_length() - 1
    backwards = list(range(n_qubits))[::-1]  # Qiskit's first qubit is the least significant
    circuit = QuantumCircuit(n_qubits)
    if state is not None:
        amplitudes = state.detach().to(torch.complex128).numpy()
        circuit.append(StatePreparation(amplitudes / np.linalg.norm(amplitudes)), backwards[:-1])
    circuit.append(UnitaryGate(matrix), backwards)
    simple = transpile(circuit, basis_gates=["u", "cx"], optimization_level=2, seed_transpiler=0)
    gates = []
    for instruction in simple.data:
        qubits = tuple(simple.find_bit(qubit).index for qubit in instruction.qubits)
        if instruction.operation.name == "cx":
            gates.append(Gate("CNOT", qubits, ()))
        else:
            theta, phi, lam = map(float, instruction.operation.params)
            gates.append(Gate("Rot", qubits, (lam, theta, phi)))
    return Circuit(n_qubits, gates)
