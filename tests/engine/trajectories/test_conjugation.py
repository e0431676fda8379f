"""What gates do to Pauli errors, against PennyLane's matrices."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qlab.circuits import Gate, Weight
from qlab.circuits.gates import GATES
from qlab.engine.trajectories.conjugation import images
from qlab.noise.channel import PAULIS
from tests.engine.noisy_cases import GATES_ALONE
from tests.noise.reference import unitary

NOTHING = np.array([])


def word(n_qubits: int, xs: tuple[int, ...], zs: tuple[int, ...]) -> NDArray[np.complex128]:
    """Return the matrix of X on some places times Z on some."""
    found: NDArray[np.complex128] = np.eye(1, dtype=np.complex128)
    for q in range(n_qubits):
        letter = (PAULIS[1] if q in xs else PAULIS[0]) @ (PAULIS[3] if q in zs else PAULIS[0])
        found = np.kron(found, letter).astype(np.complex128)
    return found


@pytest.mark.parametrize("name", GATES_ALONE)
def test_images_are_what_the_matrix_gives(name: str) -> None:
    n_qubits, rng = GATES[name].n_qubits, np.random.default_rng(5)
    assert n_qubits is not None
    for angle in (None, np.pi / 2, np.pi, 0.3):
        drawn = rng.normal(size=GATES[name].n_angles) if angle is None else np.full(GATES[name].n_angles, angle)
        symbolic = angle is None  # found for all angles, checked at random ones
        slots = [Weight(place) if symbolic else float(value) for place, value in enumerate(drawn)]
        found = images(Gate(name, tuple(range(n_qubits)), tuple(slots)))
        matrix = unitary(Gate(name, tuple(range(n_qubits)), tuple(drawn.tolist())), NOTHING, NOTHING)
        for place, image in enumerate(found):
            error = word(n_qubits, (place // 2,), ()) if place % 2 == 0 else word(n_qubits, (), (place // 2,))
            moved = matrix @ error @ matrix.conj().T
            if image is None:
                assert not any(abs(abs(overlap) - 1) < 1e-9 for overlap in overlaps(moved)) or symbolic
            else:
                assert abs(abs(np.trace(word(n_qubits, *image).conj().T @ moved)) / len(moved) - 1) < 1e-12


def overlaps(matrix: NDArray[np.complex128]) -> list[complex]:
    """Return the coefficients of a matrix by products of Paulis."""
    n_qubits = len(matrix).bit_length() - 1
    sets = [tuple(q for q in range(n_qubits) if mask >> q & 1) for mask in range(2**n_qubits)]
    return [np.trace(word(n_qubits, xs, zs).conj().T @ matrix) / len(matrix) for xs in sets for zs in sets]


def test_known_images() -> None:
    assert images(Gate("CNOT", (4, 2))) == (((0, 1), ()), ((), (0,)), ((1,), ()), ((), (0, 1)))
    assert images(Gate("Hadamard", (0,))) == (((), (0,)), ((0,), ()))
    assert images(Gate("RZ", (0,), (Weight(0),))) == (None, ((), (0,)))
    assert images(Gate("RZ", (0,), (np.pi / 2,))) == (((0,), (0,)), ((), (0,)))
    assert images(Gate("T", (0,)))[0] is None
    assert images(Gate("Toffoli", (0, 1, 2))) == (None, ((), (0,)), None, ((), (1,)), ((2,), ()), None)


def test_what_is_nearly_a_clifford_gate_is_none() -> None:
    assert images(Gate("RZ", (0,), (np.pi / 2 + 1e-7,)))[0] is None
