"""Random states of two qubits in families, and whether they are entangled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Family = Callable[[np.random.Generator], Complex]

PAULIS: Complex = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
BELL: Complex = np.array([[1, 0, 0, 1], [1, 0, 0, -1], [0, 1, 1, 0], [0, 1, -1, 0]]) / np.sqrt(2)
WEAKEST_ENTANGLED, STRONGEST_SEPARABLE = 0.353, 0.313
"""Shares of a Bell state in white noise on both sides of 1/3, where entanglement begins."""
_ENTANGLED_BELOW = -1e-9


def smallest_transposed_eigenvalue(states: Complex) -> NDArray[np.float64]:
    """Return the smallest eigenvalues (N,) of the partial transposes of states (N, 4, 4)."""
    transposed = states.reshape(-1, 2, 2, 2, 2).transpose(0, 1, 4, 3, 2).reshape(-1, 4, 4)
    found: NDArray[np.float64] = np.linalg.eigvalsh(transposed)[:, 0].astype(np.float64)
    return found


def is_entangled(states: Complex) -> NDArray[np.bool_]:
    """Return for states (N, 4, 4) whether each is entangled: for two qubits, whether its partial transpose is negative.

    (Peres and Horodecki, quant-ph/9605038.)
    """
    found: NDArray[np.bool_] = smallest_transposed_eigenvalue(states) < _ENTANGLED_BELOW
    return found


def haar_unitary(size: int, rng: np.random.Generator) -> Complex:
    """Return a unitary (size, size) from the Haar measure."""
    factors = np.linalg.qr(_gaussian((size, size), rng))
    turns: Complex = np.diag(factors.R).astype(np.complex128)
    found: Complex = (factors.Q * (turns / np.abs(turns))).astype(np.complex128)
    return found


def rotated(state: Complex, rng: np.random.Generator) -> Complex:
    """Return a state (4, 4) after a Haar unitary on each qubit."""
    local = np.kron(haar_unitary(2, rng), haar_unitary(2, rng))
    found: Complex = local @ state @ local.conj().T
    return found


def entangled_bell(rng: np.random.Generator) -> Complex:
    """Return a Bell state in so little white noise that it is entangled."""
    return _in_noise(_bell(rng), rng.uniform(WEAKEST_ENTANGLED, 1))


def separable_bell(rng: np.random.Generator) -> Complex:
    """Return a Bell state in so much white noise that it is separable."""
    return _in_noise(_bell(rng), rng.uniform(0, STRONGEST_SEPARABLE))


def product_mixture(rng: np.random.Generator) -> Complex:
    """Return a mixture of one to four random product states."""
    count = int(rng.integers(1, 5))
    found: Complex = np.einsum("k,kij->ij", rng.dirichlet(np.ones(count)), [_product(rng) for _ in range(count)])
    return found


def adversarial_bell(rng: np.random.Generator) -> Complex:
    """Return a Bell state dephased on both qubits along X, Y or Z, in the white noise of the entangled ones.

    It keeps the correlations along that axis and the maximally mixed marginals, and is separable. Along Z its diagonal
    is that of an entangled state. Without the noise there would be no more than six such states.
    """
    axis = PAULIS[rng.integers(1, 4)]
    state = _in_noise(_bell(rng), rng.uniform(WEAKEST_ENTANGLED, 1))
    for operator in (np.kron(axis, PAULIS[0]), np.kron(PAULIS[0], axis)):
        state = (state + operator @ state @ operator) / 2
    return state


def haar_pure(rng: np.random.Generator) -> Complex:
    """Return a random pure state, from the Haar measure."""
    return _pure(_gaussian((4,), rng))


def product(rng: np.random.Generator) -> Complex:
    """Return a random pure product state."""
    return _product(rng)


def separable_mixture(rng: np.random.Generator) -> Complex:
    """Return a mixture of four random product states."""
    found: Complex = np.einsum("k,kij->ij", rng.dirichlet(np.ones(4)), [_product(rng) for _ in range(4)])
    return found


def werner(rng: np.random.Generator) -> Complex:
    """Return a Bell state in any amount of white noise; two of three are entangled."""
    return _in_noise(_bell(rng), rng.uniform(0, 1))


def hilbert_schmidt(rng: np.random.Generator) -> Complex:
    """Return a random mixed state from the Hilbert-Schmidt measure; three of four are entangled."""
    matrix = _gaussian((4, 4), rng)
    state = matrix @ matrix.conj().T
    found: Complex = state / np.trace(state).real
    return found


def bell_like(rng: np.random.Generator) -> Complex:
    """Return cos t |00> + exp(if) sin t |11>, or the same of |01> and |10>, with at most 30 % of white noise."""
    return _in_noise(_pure(_unequal(rng)), 1 - rng.uniform(0, 0.3))


def adversarial_bell_like(rng: np.random.Generator) -> Complex:
    """Return such a state fully dephased along Z: the same diagonal and the same marginals, and separable."""
    state = _in_noise(_pure(_unequal(rng)), 1 - rng.uniform(0, 0.3))
    return np.diag(np.diag(state))


def _bell(rng: np.random.Generator) -> Complex:
    return _pure(BELL[rng.integers(4)])


def _unequal(rng: np.random.Generator) -> Complex:
    angle, phase = rng.uniform(0, np.pi / 2), rng.uniform(0, 2 * np.pi)
    vector = np.zeros(4, np.complex128)
    first = int(rng.integers(2))
    vector[[first, 3 - first]] = np.cos(angle), np.exp(1j * phase) * np.sin(angle)
    return vector


def _product(rng: np.random.Generator) -> Complex:
    return _pure(np.kron(_gaussian((2,), rng), _gaussian((2,), rng)).astype(np.complex128))


def _pure(vector: Complex) -> Complex:
    found: Complex = np.outer(vector, vector.conj()) / np.vdot(vector, vector).real
    return found


def _in_noise(state: Complex, share: float) -> Complex:
    found: Complex = share * state + (1 - share) * np.eye(4) / 4
    return found


def _gaussian(shape: tuple[int, ...], rng: np.random.Generator) -> Complex:
    found: Complex = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return found


PRESETS: dict[str, tuple[dict[str, Family], tuple[float, ...]]] = {
    "bell": (
        {
            "entangled": entangled_bell,
            "separable noise": separable_bell,
            "product mixtures": product_mixture,
            "adversarial": adversarial_bell,
        },
        (1 / 2, 1 / 6, 1 / 6, 1 / 6),
    ),
    "wide": (
        {
            "Haar pure": haar_pure,
            "product": product,
            "separable mixtures": separable_mixture,
            "Werner": werner,
            "Hilbert-Schmidt": hilbert_schmidt,
            "Bell-like": bell_like,
            "adversarial": adversarial_bell_like,
        },
        (1 / 7,) * 7,
    ),
}
"""Families by preset, with the share that each has of the states."""
