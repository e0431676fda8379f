"""A unitary as a product of rotations about Pauli words: the first-order Trotter formula."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import schur

Complex = NDArray[np.complex128]
_NEGLIGIBLE = 1e-14


def trotterised(unitary: torch.Tensor, steps: int) -> torch.Tensor:
    """Return prod_P exp(i c_P P / steps), ``steps`` times, for exp(i sum_P c_P P) = ``unitary`` (..., 2^n, 2^n).

    The Hermitian exponent is the principal one, -i log U. The words P follow the order of their numbers in base 4.
    """
    flat = unitary.detach().to(torch.complex128).reshape(-1, *unitary.shape[-2:]).numpy()
    products = [np.linalg.matrix_power(_one_step(_exponent(matrix), steps), steps) for matrix in flat]
    return torch.from_numpy(np.stack(products)).reshape(unitary.shape).to(unitary.dtype)


def n_pauli_terms(unitary: torch.Tensor) -> int:
    """Return how many Pauli words but the identity the exponent of one unitary (2^n, 2^n) has."""
    exponent = _exponent(unitary.detach().to(torch.complex128).numpy())
    return sum(abs(coefficient) > _NEGLIGIBLE and bool(x or z) for x, z, coefficient in _terms(exponent))


def _exponent(unitary: Complex) -> Complex:
    """Return -i log U: a unitary is normal, so its Schur form is diagonal."""
    form, vectors = schur(unitary, output="complex")
    found: Complex = (vectors * np.angle(np.diag(form))) @ vectors.conj().T
    return found


def _one_step(exponent: Complex, steps: int) -> Complex:
    size = len(exponent)
    rows = np.arange(size)
    product = np.eye(size, dtype=np.complex128)
    for x, z, coefficient in _terms(exponent):
        if abs(coefficient) > _NEGLIGIBLE:
            angle = coefficient / steps
            turned = _signs(x, z, rows)[:, None] * product[rows ^ x]  # the Pauli word times the product
            product = np.cos(angle) * product + 1j * np.sin(angle) * turned
    return product


def _terms(exponent: Complex) -> Iterator[tuple[int, int, float]]:
    """Yield the coefficient of every Pauli word, given by the bits where it flips and where it turns signs."""
    size = len(exponent)
    rows = np.arange(size)
    for x in range(size):
        flipped = exponent[rows, rows ^ x]  # what the word takes from column to row
        for z in range(size):
            yield x, z, float((_signs(x, z, rows).conj() * flipped).sum().real / size)


def _signs(x: int, z: int, rows: NDArray[np.int64]) -> Complex:
    """Return the entries (row, row ^ x) of the word with X where only x has a bit, Z where z has, Y where both."""
    sign = (-1.0) ** np.bitwise_count((rows ^ x) & z)
    found: Complex = sign * 1j ** (int(x & z).bit_count() % 4)
    return found
