"""What a noisy circuit consists of: real matrices on the Pauli coefficients of one or two qubits.

The state rho of n qubits is the real vector of its 4^n coefficients r_P = tr(P rho), P a product of I, X, Y, Z. A gate
or channel multiplies it with its Pauli transfer matrix R[i, j] = tr(P_i channel(P_j)) / 2^m on its m qubits. Rotations
and phases of angle a have R = A + B cos a + C sin a.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.gate import Gate
from qlab.circuits.gates import CSWAP_TABLE, TOFFOLI_TABLE, Axis, Part, Permutation, Phase, Rotation
from qlab.circuits.slots import Input, Slot, Weight
from qlab.noise.channel import PAULIS, pauli_products
from qlab.noise.noisy import NoisyCircuit

Matrix = NDArray[np.float64]

_ROUNDING = 1e-15  # entries as near to 0 and ±1 are those, which trigonometry missed


@dataclass(frozen=True, eq=False)
class Element:
    """A matrix on one or two qubits.

    Attributes:
        qubits: rising; the first one's Pauli is the more significant digit of rows and columns.
        terms: (3, 4^m, 4^m), the matrix is terms[0] + cos(angle) terms[1] + sin(angle) terms[2].
        slot: the angle in radians; None for a constant matrix, which is terms[0].
    """

    qubits: tuple[int, ...]
    terms: Matrix
    slot: Input | Weight | None = None

    @staticmethod
    def of(qubits: Sequence[int], terms: Matrix, slot: Slot = 0.0) -> Element:
        """Return the element of ``terms`` (3, 4^m, 4^m), or (4^m, 4^m) for a constant, on qubits in any order."""
        if terms.ndim == 2:
            terms = np.stack([terms, np.zeros_like(terms), np.zeros_like(terms)])
        if isinstance(slot, float):
            constant = terms[0] + math.cos(slot) * terms[1] + math.sin(slot) * terms[2]
            terms = np.stack([constant, np.zeros_like(constant), np.zeros_like(constant)])
        whole = np.round(terms)
        terms = np.where(np.abs(terms - whole) < _ROUNDING, whole, terms)
        if len(qubits) == 2 and qubits[0] > qubits[1]:
            qubits, terms = qubits[::-1], flipped(terms)
        return Element(tuple(qubits), terms, None if isinstance(slot, float) else slot)

    @property
    def is_constant(self) -> bool:
        """Whether neither inputs nor weights enter it."""
        return self.slot is None

    @property
    def has_input(self) -> bool:
        """Whether it differs from sample to sample."""
        return isinstance(self.slot, Input)

    def transposed(self) -> Element:
        """Return what it does to observables: the transposed matrix."""
        return Element(self.qubits, np.ascontiguousarray(self.terms.transpose(0, 2, 1)), self.slot)

    def on(self, qubits: tuple[int, ...]) -> Matrix:
        """Return its terms on ``qubits``, which are among its own or one or two that contain them, in any order."""
        if qubits == self.qubits:
            return self.terms
        if len(self.qubits) == 2:
            return flipped(self.terms)
        return kron(self.terms, np.eye(4)) if qubits[0] == self.qubits[0] else kron(np.eye(4), self.terms)

    def then(self, later: Element) -> Element | None:
        """Return both as one, or None where that is none: one must be constant, on qubits that the other has too."""
        if later.is_constant and set(later.qubits) <= set(self.qubits):
            return Element(self.qubits, later.on(self.qubits)[0] @ self.terms, self.slot)
        if self.is_constant and set(self.qubits) <= set(later.qubits):
            return Element(later.qubits, later.terms @ self.on(later.qubits)[0], later.slot)
        return None


def elements_of(noisy: NoisyCircuit) -> list[Element]:
    """Return gates and channels as elements, first executed first; what an amplitude embedding prepares is none."""
    found: list[Element] = []
    for step in noisy.steps():
        if isinstance(step, Gate):
            found += _of_gate(step)
        else:
            found.append(Element.of(step.qubits, step.channel.transfer))
    return found


def kron(left: Matrix, right: Matrix) -> Matrix:
    """Return the Kronecker product of matrices (..., r, c)."""
    found: Matrix = np.asarray(np.kron(left, right), dtype=np.float64)
    return found


def flipped(terms: Matrix) -> Matrix:
    """Return matrices (..., 16, 16) of two qubits with the qubits exchanged."""
    return terms[..., _FLIP, :][..., _FLIP]


_FLIP = np.arange(16).reshape(4, 4).T.ravel()


def _of_gate(gate: Gate) -> Iterator[Element]:
    for part, slot in gate.parts():
        yield from _of_part(part, slot)


def _of_part(part: Part, slot: Slot) -> Iterator[Element]:
    if isinstance(part, Rotation):
        yield Element.of((part.qubit,), _about(part.axis), slot)
    elif isinstance(part, Phase):
        for qubits, coefficient in part.terms.items():  # exp(i a c Z_t) turns by -2 c a about Z_t
            yield Element.of(qubits, _about_z(len(qubits)), slot * (-2 * coefficient))
    elif part.table in _SEQUENCES:
        for name, places in _SEQUENCES[part.table]:
            yield from _of_gate(Gate(name, tuple(part.qubits[place] for place in places)))
    else:
        yield Element.of(part.qubits, _of_permutation(part))


_TOFFOLI: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("Hadamard", (2,)),
    ("CNOT", (1, 2)),
    ("Adjoint(T)", (2,)),
    ("CNOT", (0, 2)),
    ("T", (2,)),
    ("CNOT", (1, 2)),
    ("Adjoint(T)", (2,)),
    ("CNOT", (0, 2)),
    ("T", (2,)),
    ("Hadamard", (2,)),
    ("T", (1,)),
    ("CNOT", (0, 1)),
    ("T", (0,)),
    ("Adjoint(T)", (1,)),
    ("CNOT", (0, 1)),
)
_SEQUENCES = {TOFFOLI_TABLE: _TOFFOLI, CSWAP_TABLE: (("CNOT", (2, 1)), *_TOFFOLI, ("CNOT", (2, 1)))}


@lru_cache(maxsize=64)
def _about(axis: Axis) -> Matrix:
    return _turns(np.einsum("a,aij->ij", axis, PAULIS[1:]))


@lru_cache(maxsize=2)
def _about_z(n_qubits: int) -> Matrix:
    return _turns(PAULIS[3] if n_qubits == 1 else np.kron(PAULIS[3], PAULIS[3]))


def _turns(generator: NDArray[np.complex128]) -> Matrix:
    """Return the terms (3, 4^m, 4^m) of exp(-i angle/2 G), G its own inverse."""
    identity = np.eye(len(generator))
    zero, quarter, half = (
        transfer(math.cos(angle / 2) * identity - 1j * math.sin(angle / 2) * generator)
        for angle in (0.0, math.pi / 2, math.pi)
    )
    constant = (zero + half) / 2
    return np.stack([constant, (zero - half) / 2, quarter - constant])


def _of_permutation(part: Permutation) -> Matrix:
    unitary = np.zeros((len(part.table), len(part.table)), dtype=np.complex128)
    unitary[part.table, range(len(part.table))] = 1
    return transfer(unitary)


def transfer(unitary: NDArray[np.complex128]) -> Matrix:
    """Return the Pauli transfer matrix (4^m, 4^m) of a unitary one (2^m, 2^m)."""
    paulis = pauli_products(len(unitary).bit_length() - 1)
    moved = unitary @ paulis @ unitary.conj().T
    found: Matrix = np.einsum("iab,jba->ij", paulis, moved).real / len(unitary)
    return found
