"""What a gate does to a Pauli error in front of it, found from the gate's matrix."""

from __future__ import annotations

from functools import lru_cache, reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.gate import Gate
from qlab.circuits.gates import Permutation, Phase, Rotation, spec_of
from qlab.engine.bits import destinations
from qlab.noise.channel import PAULIS

Matrix = NDArray[np.complex128]
Image = tuple[tuple[int, ...], tuple[int, ...]]  # places of a gate's qubits with an X, and with a Z

_GENERIC = ((0.7390851, 1.1903473, 0.5671433), (-1.3247180, 0.9159656, -0.6626743))  # angles without any symmetry
_TOLERANCE = 1e-12
_LETTERS = {0: (False, False), 1: (True, False), 2: (True, True), 3: (False, True)}  # of I, X, Y, Z: (X, Z)


def images(gate: Gate) -> tuple[Image | None, ...]:
    """Return what X and Z on each qubit of ``gate`` become behind it: (X_0, Z_0, X_1, Z_1, ...), up to a phase.

    None where that is no Pauli operator, or another one for another angle.
    """
    return _images(gate.name, tuple(angle if isinstance(angle, float) else None for angle in gate.angles))


@lru_cache(maxsize=256)
def _images(name: str, angles: tuple[float | None, ...]) -> tuple[Image | None, ...]:
    choices = [
        [generic[place] if angle is None else angle for place, angle in enumerate(angles)] for generic in _GENERIC
    ]
    found = [_images_of(_unitary(name, choice)) for choice in choices]
    return tuple(one if one == other else None for one, other in zip(*found, strict=True))


def _images_of(unitary: Matrix) -> tuple[Image | None, ...]:
    n_qubits = len(unitary).bit_length() - 1
    return tuple(
        _as_pauli(unitary @ _on(PAULIS[letter], place, n_qubits) @ unitary.conj().T)
        for place in range(n_qubits)
        for letter in (1, 3)
    )


def _as_pauli(matrix: Matrix) -> Image | None:
    n_qubits = len(matrix).bit_length() - 1
    for letters in product(range(4), repeat=n_qubits):
        word = reduce(np.kron, (PAULIS[letter] for letter in letters))
        phase = np.trace(word @ matrix) / len(matrix)
        if abs(phase) > 0.5 and np.allclose(matrix, phase * word, rtol=0, atol=_TOLERANCE):
            parts = [_LETTERS[letter] for letter in letters]
            xs = tuple(place for place, (x, _) in enumerate(parts) if x)
            return xs, tuple(place for place, (_, z) in enumerate(parts) if z)
    return None


def _unitary(name: str, angles: list[float]) -> Matrix:
    """Return the matrix of a gate, the first qubit being the most significant bit."""
    n_qubits = spec_of(name).n_qubits
    assert n_qubits is not None
    unitary: Matrix = np.eye(2**n_qubits, dtype=np.complex128)
    for part, angle in Gate(name, tuple(range(n_qubits)), tuple(angles)).parts():
        assert isinstance(angle, float)
        if isinstance(part, Rotation):
            turned = np.cos(angle / 2) * PAULIS[0] - 1j * np.sin(angle / 2) * np.tensordot(part.axis, PAULIS[1:], 1)
            unitary = _on(turned, part.qubit, n_qubits) @ unitary
        elif isinstance(part, Phase):
            unitary = np.exp(1j * angle * _sum_of_z(part, n_qubits))[:, None] * unitary
        else:
            unitary = _moved(part, n_qubits) @ unitary
    return unitary


def _on(matrix: Matrix, place: int, n_qubits: int) -> Matrix:
    found: Matrix = np.eye(1, dtype=np.complex128)
    for other in range(n_qubits):
        found = np.kron(found, matrix if other == place else PAULIS[0]).astype(np.complex128)
    return found


def _sum_of_z(part: Phase, n_qubits: int) -> NDArray[np.float64]:
    signs = [1 - 2 * (np.arange(2**n_qubits) >> n_qubits - 1 - place & 1) for place in range(n_qubits)]
    terms = [
        coefficient * np.prod([signs[qubit] for qubit in qubits], axis=0) for qubits, coefficient in part.terms.items()
    ]
    total: NDArray[np.float64] = np.sum(terms, axis=0)
    return total


def _moved(part: Permutation, n_qubits: int) -> Matrix:
    moved: Matrix = np.zeros((2**n_qubits, 2**n_qubits), dtype=np.complex128)
    moved[destinations([part], n_qubits), np.arange(2**n_qubits)] = 1
    return moved
