from __future__ import annotations

import numpy as np
import torch
from qiskit.quantum_info import Statevector

from qlab.circuits.observables import pauli_words
from qlab.circuits.qiskit import to_sparse_pauli
from qlab.engine import expectations
from qlab.engine.choice import Method
from tests.circuits.random_circuits import Case, random_case


def qiskit_values(case: Case) -> torch.Tensor:
    n_qubits = case.circuit.n_qubits
    words = [to_sparse_pauli(word, n_qubits) for word in pauli_words(n_qubits, case.observables)]
    rows = []
    for sample in case.inputs.tolist():
        state = Statevector(case.circuit.to_qiskit(inputs=sample, weights=case.weights.tolist()))
        rows.append([float(state.expectation_value(word).real) for word in words])
    return torch.tensor(rows, dtype=torch.float64)


def test_translated_circuits_have_the_same_values(method: Method) -> None:
    rng = np.random.default_rng(11)
    for number in range(40):
        case = random_case(rng, 1 + number % 6)
        values = expectations(
            case.circuit, case.inputs, case.weights, case.observables, torch.complex128, method=method
        )
        torch.testing.assert_close(values, qiskit_values(case), rtol=0, atol=1e-10)


def test_symbolic_parameters_bind_to_the_same_values() -> None:
    rng = np.random.default_rng(12)
    names = ("RX", "Rot", "CRot", "IsingXX", "CNOT", "ControlledPhaseShift")
    for n_qubits in (2, 3, 4):
        case = random_case(rng, n_qubits, names=names)
        numbers = {f"x[{i}]": value for i, value in enumerate(case.inputs[0].tolist())}
        numbers |= {f"w[{j}]": value for j, value in enumerate(case.weights.tolist())}
        symbolic = case.circuit.to_qiskit()
        bound = symbolic.assign_parameters({p: numbers[p.name] for p in symbolic.parameters})
        values = expectations(case.circuit, case.inputs[:1], case.weights, ["Z0", "X1"], torch.complex128)[0]
        state = Statevector(bound)
        for value, word in zip(values, pauli_words(case.circuit.n_qubits, ["Z0", "X1"]), strict=True):
            expected = state.expectation_value(to_sparse_pauli(word, case.circuit.n_qubits)).real
            assert abs(float(value) - expected) < 1e-10
