"""Exact translation of circuits to Qiskit, and drawings.

Qubit q is Qiskit's qubit q. Qiskit counts qubit 0 as the least significant bit, qlab as the most significant: the
bits of a basis state's number are reversed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Gate as OpaqueGate
from qiskit.circuit import ParameterVector
from qiskit.circuit import library as qk
from qiskit.quantum_info import SparsePauliOp

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot
from qlab.errors import CircuitError

QISKIT_GATES: dict[str, Callable[..., Any]] = {
    "Hadamard": qk.HGate,
    "PauliX": qk.XGate,
    "PauliY": qk.YGate,
    "PauliZ": qk.ZGate,
    "S": qk.SGate,
    "Adjoint(S)": qk.SdgGate,
    "T": qk.TGate,
    "Adjoint(T)": qk.TdgGate,
    "SX": qk.SXGate,
    "Adjoint(SX)": qk.SXdgGate,
    "RX": qk.RXGate,
    "RY": qk.RYGate,
    "RZ": qk.RZGate,
    "PhaseShift": qk.PhaseGate,
    "CNOT": qk.CXGate,
    "CY": qk.CYGate,
    "CZ": qk.CZGate,
    "CH": qk.CHGate,
    "SWAP": qk.SwapGate,
    "ISWAP": qk.iSwapGate,
    "ECR": qk.ECRGate,
    "CRX": qk.CRXGate,
    "CRY": qk.CRYGate,
    "CRZ": qk.CRZGate,
    "ControlledPhaseShift": qk.CPhaseGate,
    "IsingXX": qk.RXXGate,
    "IsingYY": qk.RYYGate,
    "IsingZZ": qk.RZZGate,
    "Toffoli": qk.CCXGate,
    "CSWAP": qk.CSwapGate,
}
Instructions = Sequence[tuple[Any, tuple[int, ...]]]  # of Qiskit, with their qubits
_SEQUENCES = {"Rot": ("RZ", "RY", "RZ"), "CRot": ("CRZ", "CRY", "CRZ")}  # one gate per angle; Qiskit has no such gate


def to_qiskit(
    circuit: Circuit,
    inputs: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
    after: Sequence[Instructions] = (),
) -> QuantumCircuit:
    """Return the circuit for Qiskit.

    Inputs and weights stay symbolic, as elements of the parameter vectors ``x`` and ``w``, unless numbers are given
    for them, of shapes (n_inputs,) and (n_weights,). ``after`` adds instructions behind each gate, with their qubits.

    Raises:
        CircuitError: the circuit embeds amplitudes and no inputs are given, or the given numbers have another shape.
    """
    if circuit.embeds_amplitudes and inputs is None:
        raise CircuitError("amplitudes cannot stay symbolic in Qiskit: give the numbers, to_qiskit(inputs=...)")
    x = _numbers("inputs", inputs, circuit.n_inputs) if inputs is not None else ParameterVector("x", circuit.n_inputs)
    w = _numbers("weights", weights, circuit.n_weights) if weights is not None else None
    translated = QuantumCircuit(circuit.n_qubits)
    if circuit.embeds_amplitudes:
        translated.prepare_state(_reversed_bits(x, circuit.n_qubits), range(circuit.n_qubits))
    _append(translated, circuit, x, ParameterVector("w", circuit.n_weights) if w is None else w, after)
    return translated


def to_sparse_pauli(word: PauliWord, n_qubits: int) -> SparsePauliOp:
    """Return a Pauli word as Qiskit's observable on ``n_qubits`` qubits."""
    letters, qubits = "".join(letter for _, letter in word.factors), [qubit for qubit, _ in word.factors]
    return SparsePauliOp.from_sparse_list([(letters, qubits, 1.0)], num_qubits=n_qubits)


def draw(circuit: Circuit) -> str:
    """Return a drawing in text, one line of wire per qubit."""
    drawn = QuantumCircuit(circuit.n_qubits)
    if circuit.embeds_amplitudes:
        drawn.append(OpaqueGate(AMPLITUDE, circuit.n_qubits, []), range(circuit.n_qubits))
    _append(drawn, circuit, ParameterVector("x", circuit.n_inputs), ParameterVector("w", circuit.n_weights))
    return str(drawn.draw("text", fold=120))


def _append(target: QuantumCircuit, circuit: Circuit, x: Any, w: Any, after: Sequence[Instructions] = ()) -> None:
    for gate, following in zip_longest(circuit.gates, after, fillvalue=()):
        assert isinstance(gate, Gate)
        if gate.name != AMPLITUDE:
            angles = [_value(slot, x, w) for slot in gate.angles]
            for kind, angles_of_kind in _kinds(gate, angles):
                target.append(QISKIT_GATES[kind](*angles_of_kind), gate.qubits)
        for instruction, qubits in following:
            target.append(instruction, qubits)


def _kinds(gate: Gate, angles: list[Any]) -> list[tuple[str, list[Any]]]:
    if gate.name in _SEQUENCES:
        return [(kind, [angle]) for kind, angle in zip(_SEQUENCES[gate.name], angles, strict=True)]
    return [(gate.name, angles)]


def _value(slot: Slot, x: Any, w: Any) -> Any:
    if isinstance(slot, float):
        return slot
    if not isinstance(slot, Input):
        return slot.scale * w[slot.index]
    value = slot.scale
    for index in slot.indices:
        value = value * x[index]
    return value


def _numbers(name: str, values: Sequence[float], expected: int) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=float)
    if numbers.shape != (expected,):
        raise CircuitError(f"{name} must have shape ({expected},) for this circuit, not {numbers.shape}")
    return numbers


def _reversed_bits(amplitudes: Any, n_qubits: int) -> NDArray[np.float64]:
    state = amplitudes[: 2**n_qubits]
    norm = np.linalg.norm(state)
    if norm == 0:
        raise CircuitError("an amplitude embedding of zeros has no direction; give at least one non-zero input")
    reversed_state: NDArray[np.float64] = (state / norm).reshape((2,) * n_qubits).transpose().reshape(-1)
    return reversed_state
