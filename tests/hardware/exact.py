"""What a program measures without noise, by Qiskit's own state vectors, and shots that are drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.primitives import BackendSamplerV2
from qiskit.quantum_info import Statevector

from qlab.circuits.observables import PauliWord
from qlab.hardware.program import Counts, Program

Doubles = NDArray[np.float64]


def without_measurement(program: Program) -> tuple[QuantumCircuit, list[int]]:
    """Return the circuit before its measurement, and the qubit that each classical bit reads."""
    circuit = program.circuit
    reads = {
        circuit.find_bit(instruction.clbits[0]).index: circuit.find_bit(instruction.qubits[0]).index
        for instruction in circuit.data
        if instruction.operation.name == "measure"
    }
    bare = QuantumCircuit(circuit.num_qubits)
    for instruction in circuit.data:
        if instruction.operation.name != "measure":
            bare.append(instruction.operation, [circuit.find_bit(qubit).index for qubit in instruction.qubits])
    assert list(bare.parameters) == list(circuit.parameters)
    return bare, [reads[bit] for bit in range(program.n_bits)]


def distribution(program: Program) -> Doubles:
    """Return the probabilities (N, 2^n) of what the classical register holds; bit q of an outcome is its bit q."""
    bare, measured = without_measurement(program)
    states = (Statevector(bare.assign_parameters(row)) for row in program.values)
    return np.array([state.probabilities(measured) for state in states])


def word_values(probabilities: Doubles, words: Sequence[PauliWord]) -> Doubles:
    """Return the means (N, K) of products of +1 and -1 on the words' qubits."""
    outcomes = np.arange(probabilities.shape[1])
    odd = [sum(outcomes >> qubit & 1 for qubit, _ in word.factors) & 1 for word in words]
    values: Doubles = probabilities @ (1.0 - 2.0 * np.array(odd)).T
    return values


def packed(outcomes: NDArray[np.int64], n_bits: int) -> Counts:
    """Return outcomes (N, S) as bytes (N, S, n_bytes), the highest first."""
    n_bytes = -(-n_bits // 8)
    return (outcomes[..., None] >> 8 * np.arange(n_bytes - 1, -1, -1) & 255).astype(np.uint8)


def drawn(
    probabilities: Doubles, shots: int, rng: np.random.Generator, rates: Sequence[tuple[float, float]] | None = None
) -> Counts:
    """Return shots from distributions (N, 2^n), each qubit read wrongly at its rates of 0 and of 1."""
    n_bits = int(probabilities.shape[1]).bit_length() - 1
    found = np.array([rng.choice(len(row), shots, p=row / row.sum()) for row in probabilities])
    for qubit, (zero, one) in enumerate(rates or []):
        wrong = rng.random(found.shape) < np.where(found >> qubit & 1, one, zero)
        found = found ^ wrong.astype(np.int64) << qubit
    return packed(found, n_bits)


def sampled(programs: Sequence[Program], simulator: Any, seed: int) -> list[Counts]:
    """Return what Qiskit's sampler counts on a simulator."""
    sampler = BackendSamplerV2(backend=simulator, options={"seed_simulator": seed})
    job = sampler.run([(program.circuit, program.values, program.shots) for program in programs])
    return [result.data.meas.array for result in job.result()]
