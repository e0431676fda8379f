"""A quantum channel of one or two qubits: Kraus operators, and probabilities of Pauli operators where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qlab.errors import OptionError

PAULIS: NDArray[np.complex128] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)  # I, X, Y, Z
_TOLERANCE = 1e-9
_NEGLIGIBLE = 1e-18  # probability of a Kraus operator that rounding alone has made


@dataclass(frozen=True, eq=False)
class Channel:
    """A completely positive map rho -> sum_k K_k rho K_k† that keeps the trace.

    Attributes:
        name: what reports call it.
        kraus: (r, 2^m, 2^m) complex, of m = 1 or 2 qubits; the first qubit is the most significant bit.

    Raises:
        OptionError: the shape is wrong, or the operators do not keep the trace.
    """

    name: str
    kraus: NDArray[np.complex128] = field(repr=False)

    def __post_init__(self) -> None:
        kraus = np.asarray(self.kraus, dtype=np.complex128)
        if kraus.ndim != 3 or kraus.shape[1:] not in ((2, 2), (4, 4)):
            raise OptionError(f"Kraus operators of {self.name} must have shape (r, 2, 2) or (r, 4, 4): {kraus.shape}")
        total = np.einsum("kij,kil->jl", kraus.conj(), kraus)
        if not np.allclose(total, np.eye(kraus.shape[1]), atol=_TOLERANCE):
            raise OptionError(f"the Kraus operators of {self.name} do not keep the trace: their K†K do not add up to 1")
        kraus.setflags(write=False)
        object.__setattr__(self, "kraus", kraus)

    @property
    def n_qubits(self) -> int:
        """On how many qubits it acts."""
        return int(self.kraus.shape[1]).bit_length() - 1

    @cached_property
    def transfer(self) -> NDArray[np.float64]:
        """Pauli transfer matrix (4^m, 4^m): R[i, j] = tr(P_i channel(P_j)) / 2^m, Paulis in the order I, X, Y, Z."""
        paulis = pauli_products(self.n_qubits)
        moved = np.einsum("kab,jbc,kdc->jad", self.kraus, paulis, self.kraus.conj())
        found: NDArray[np.float64] = np.einsum("iab,jba->ij", paulis, moved).real / (1 << self.n_qubits)
        return found

    @cached_property
    def probabilities(self) -> NDArray[np.float64] | None:
        """Probabilities (4^m,) of I, X, Y, Z, or of pairs of them, where it is a mixture of Paulis; else None."""
        transfer = self.transfer
        if not np.allclose(transfer, np.diag(np.diag(transfer)), rtol=0, atol=1e-12):
            return None
        signs = _COMMUTES if self.n_qubits == 1 else np.kron(_COMMUTES, _COMMUTES)
        found = np.clip(signs @ np.diag(transfer) / len(transfer), 0.0, None)
        probabilities: NDArray[np.float64] = found / found.sum()
        return probabilities

    @cached_property
    def is_identity(self) -> bool:
        """Whether it does nothing."""
        return bool(np.allclose(self.transfer, np.eye(len(self.transfer)), rtol=0, atol=1e-15))

    def then(self, other: Channel, name: str | None = None) -> Channel:
        """Return this channel followed by ``other`` on the same qubits, with no more Kraus operators than it needs.

        Raises:
            OptionError: they act on different numbers of qubits.
        """
        if self.n_qubits != other.n_qubits:
            raise OptionError(
                f"{other.name} on {other.n_qubits} qubits cannot follow {self.name} on {self.n_qubits}: merge channels "
                "on the same qubits only"
            )
        kraus = np.einsum("iab,jbc->ijac", other.kraus, self.kraus).reshape(-1, *self.kraus.shape[1:])
        return Channel(name or f"{self.name}+{other.name}", _fewest(kraus))

    @staticmethod
    def pauli(name: str, probabilities: Sequence[float] | NDArray[np.float64]) -> Channel:
        """Return the mixture of Paulis with ``probabilities`` (4,) or (16,) in the order I, X, Y, Z.

        Raises:
            OptionError: a probability is negative, or they do not add up to 1.
        """
        p = np.asarray(probabilities, dtype=float)
        if p.shape not in ((4,), (16,)) or p.min() < 0 or abs(p.sum() - 1) > _TOLERANCE:
            raise OptionError(f"probabilities of {name} must be 4 or 16 numbers from 0 that add up to 1, not {p}")
        paulis = pauli_products(1 if p.size == 4 else 2)
        return Channel(name, np.sqrt(p / p.sum())[:, None, None] * paulis)


def _fewest(kraus: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return the Kraus operators of the same channel that are orthogonal to each other, those that vanish left out."""
    operators = kraus.reshape(len(kraus), -1)  # (r, 4^m)
    _, sizes, rows = np.linalg.svd(operators, full_matrices=False)
    kept = sizes**2 > _NEGLIGIBLE
    found: NDArray[np.complex128] = (sizes[kept, None] * rows[kept]).reshape(-1, *kraus.shape[1:])
    return found


def pauli_products(n_qubits: int) -> NDArray[np.complex128]:
    """Return all products (4^n, 2^n, 2^n) of Paulis on ``n_qubits`` qubits, the last qubit's varying fastest."""
    return np.array([reduce(np.kron, choice) for choice in product(PAULIS, repeat=n_qubits)])


_COMMUTES: NDArray[np.float64] = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=float)
