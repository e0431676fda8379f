from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from numpy.typing import NDArray

from qlab.circuits.gate import Gate
from qlab.circuits.gates import GATES, Permutation, Phase, Rotation, shift_rule, spec_of
from qlab.errors import CircuitError

ANGLES = (0.37, -1.9, 2.4)
UNITARY = [name for name, spec in GATES.items() if spec.n_qubits]
PARAMETRISED = [name for name, spec in GATES.items() if spec.n_angles]
Matrix = NDArray[np.complex128]
PAULI: list[Matrix] = [np.array([[0, 1], [1, 0]]) + 0j, np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]) + 0j]


def embedded(matrices: dict[int, Matrix], n_qubits: int) -> Matrix:
    product: Matrix = np.eye(1, dtype=np.complex128)
    for qubit in range(n_qubits):
        product = np.kron(product, matrices.get(qubit, np.eye(2))).astype(np.complex128)
    return product


def matrix_of(gate: Gate, n_qubits: int) -> Matrix:
    """Multiply out the parts of a gate with dense matrices."""
    total: Matrix = np.eye(2**n_qubits, dtype=complex)
    for part, angle in gate.parts():
        assert isinstance(angle, float)
        if isinstance(part, Rotation):
            generator = sum(weight * pauli for weight, pauli in zip(part.axis, PAULI, strict=True))
            turn = np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * generator
            step = embedded({part.qubit: turn}, n_qubits)
        elif isinstance(part, Phase):
            strings = [c * embedded(dict.fromkeys(t, PAULI[2]), n_qubits) for t, c in part.terms.items()]
            step = np.diag(np.exp(1j * angle * np.diag(sum(strings))))
        else:
            assert isinstance(part, Permutation)
            assert part.qubits == tuple(range(n_qubits))
            step = np.eye(2**n_qubits, dtype=np.complex128)[:, list(part.table)]
        total = step @ total
    return total


def pennylane_matrix(name: str, angles: tuple[float, ...], qubits: tuple[int, ...]) -> Matrix:
    if name.startswith("Adjoint("):
        operation = qml.adjoint(getattr(qml, name[8:-1]))(wires=qubits)
    else:
        operation = getattr(qml, name)(*angles, wires=qubits)
    return np.asarray(qml.matrix(operation, wire_order=sorted(qubits)))


@pytest.mark.parametrize("name", UNITARY)
def test_the_parts_of_a_gate_multiply_to_its_matrix(name: str) -> None:
    spec = GATES[name]
    assert spec.n_qubits is not None
    qubits = tuple(range(spec.n_qubits))
    angles = ANGLES[: spec.n_angles]
    ours, theirs = matrix_of(Gate(name, qubits, angles), spec.n_qubits), pennylane_matrix(name, angles, qubits)
    phase = np.trace(ours.conj().T @ theirs) / len(ours)
    assert abs(phase) == pytest.approx(1, abs=1e-12)  # equal up to a global phase
    np.testing.assert_allclose(phase * ours, theirs, atol=1e-12)


@pytest.mark.parametrize("name", UNITARY)
def test_diagonal_gates_and_permutations_are_known(name: str) -> None:
    spec = GATES[name]
    assert spec.n_qubits is not None
    matrix = pennylane_matrix(name, ANGLES[: spec.n_angles], tuple(range(spec.n_qubits)))
    assert spec.is_diagonal == (np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0)
    if all(isinstance(part, Permutation) for part in spec.parts):
        assert set(np.unique(matrix)) == {0, 1}


@pytest.mark.parametrize("name", PARAMETRISED)
def test_the_frequencies_are_those_of_the_generator(name: str) -> None:
    spec = GATES[name]
    assert spec.n_qubits is not None
    for index, frequencies in enumerate(spec.frequencies):
        angles = tuple(1.0 if place == index else 0.0 for place in range(spec.n_angles))
        matrix = pennylane_matrix(name, angles, tuple(range(spec.n_qubits)))
        energies = np.unique(np.round(-np.angle(np.linalg.eigvals(matrix)), 9))
        differences = {round(abs(a - b), 6) for a in energies for b in energies if not np.isclose(a, b)}
        assert differences == set(frequencies)


@pytest.mark.parametrize("frequencies", [(1.0,), (0.5, 1.0), (1.0, 2.0, 3.0)])
def test_the_shift_rule_differentiates_its_frequencies(frequencies: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, len(frequencies)))
    w = np.array(frequencies)

    def f(x: float) -> float:
        return float(a @ np.cos(w * x) + b @ np.sin(w * x) + 0.7)

    x = 0.83
    derivative = (-a * w) @ np.sin(w * x) + (b * w) @ np.cos(w * x)
    rule = shift_rule(frequencies)
    assert len(rule) == 2 * len(frequencies)
    assert sum(c * f(x + s) for c, s in rule) == pytest.approx(derivative, abs=1e-12)


def test_an_unknown_gate_names_the_nearest() -> None:
    with pytest.raises(CircuitError, match="unknown gate 'hadamard'; did you mean 'Hadamard'"):
        spec_of("hadamard")
