"""What vectors of Pauli coefficients start from and end in: product states, Pauli products, embedded amplitudes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch

_BITS_TO_PAULI = [[1.0, 0, 0, 1], [0, 1, 1, 0], [0, 1, -1, 0], [1, 0, 0, -1]]  # rho_00, 01, 10, 11 -> I, X, Y/i, Z


def outer(vectors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the outer products (C, N) of vectors (1 or C, d) of each qubit, the first one's digit first."""
    found = vectors[0]
    for vector in vectors[1:]:
        found = (found[:, :, None] * vector[:, None, :]).flatten(1)
    return found


def halves(vectors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two outer products of nearly equal size, whose outer product is that of all vectors (1 or C, d)."""
    total = 1
    for vector in vectors:
        total *= vector.shape[1]
    left, size = 0, 1
    while left < len(vectors) and (size * vectors[left].shape[1]) ** 2 <= max(total, 1):
        size *= vectors[left].shape[1]
        left += 1
    one = vectors[0].new_ones(1, 1)
    return outer([one, *vectors[:left]]), outer([one, *vectors[left:]])


def product_values(observables: torch.Tensor, vectors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the values (C, K) of observables (K, N) in product states of vectors (1 or C, d) of each qubit."""
    left, right = halves(vectors)  # (C, L), (C, R)
    count = len(observables)
    partial = observables.view(-1, right.shape[1]) @ right.T  # (K L, C)
    return (partial.view(count, left.shape[1], -1) * left.T).sum(1).T


def pure_vectors(amplitudes: torch.Tensor) -> torch.Tensor:
    """Return the coefficients (C, 4^n) of pure states of real amplitudes (C, 2^n)."""
    n_qubits = amplitudes.shape[1].bit_length() - 1
    density = (amplitudes[:, :, None] * amplitudes[:, None, :]).view(-1, *[2] * (2 * n_qubits))
    digits = [1 + place for qubit in range(n_qubits) for place in (qubit, n_qubits + qubit)]
    vectors = density.permute(0, *digits).reshape(len(amplitudes), -1)
    return _each_digit(vectors, n_qubits, transposed=False) * _even_y(n_qubits, vectors.dtype, vectors.device)


def pure_values(matrices: torch.Tensor, amplitudes: torch.Tensor) -> torch.Tensor:
    """Return the values (C, K) of matrices (K, 2^n, 2^n) in pure states of real amplitudes (C, 2^n)."""
    return ((amplitudes @ matrices) * amplitudes).sum(2).T


def matrices_of(observables: torch.Tensor, n_qubits: int) -> torch.Tensor:
    """Return the real parts (K, 2^n, 2^n) of the matrices of observables (K, 4^n): all that real states can see."""
    real = observables * _even_y(n_qubits, observables.dtype, observables.device)
    digits = _each_digit(real, n_qubits, transposed=True).view(-1, *[2] * (2 * n_qubits))
    rows, columns = range(1, 2 * n_qubits, 2), range(2, 2 * n_qubits + 1, 2)
    return digits.permute(0, *rows, *columns).reshape(len(observables), 1 << n_qubits, 1 << n_qubits)


def _each_digit(vectors: torch.Tensor, n_qubits: int, transposed: bool) -> torch.Tensor:
    """Return vectors (C, 4^n) with the matrix between bits and Paulis, or its transpose, on every digit."""
    matrix = torch.tensor(_BITS_TO_PAULI, dtype=vectors.dtype, device=vectors.device)
    matrix = matrix.T if transposed else matrix
    for _ in range(n_qubits):  # each turn moves the last digit to the front
        vectors = (matrix @ vectors.view(len(vectors), -1, 4).mT).flatten(1)
    return vectors


@lru_cache(maxsize=4)
def _even_y(n_qubits: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return (4^n,) the real part of i^y, where y is how many digits are Y: what is odd vanishes for real states."""
    found = torch.ones(1, dtype=torch.complex128, device=device)
    powers = torch.tensor([1, 1, 1j, 1], dtype=torch.complex128, device=device)
    for _ in range(n_qubits):
        found = (found[:, None] * powers).flatten()
    return found.real.to(dtype)
