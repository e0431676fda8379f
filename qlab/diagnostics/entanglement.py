"""Entangling capability: the mean Meyer-Wallach measure of a circuit's states (arXiv:1905.10876)."""

from __future__ import annotations

import torch


def meyer_wallach(states: torch.Tensor) -> torch.Tensor:
    """Return Q = 2 (1 - mean over qubits of tr rho_q^2) of states (S, 2^n), each of norm 1: (S,), between 0 and 1.

    0 for a product state, 1 where every qubit is maximally entangled with the rest. Meyer and Wallach, J. Math. Phys.
    43, 4273 (2002), in the form of Brennen, arXiv:quant-ph/0305094, Eq. 3.
    """
    samples, size = states.shape
    n_qubits = size.bit_length() - 1
    purity = torch.zeros(samples, dtype=states.real.dtype, device=states.device)
    for qubit in range(n_qubits):
        split = states.reshape(samples, 1 << qubit, 2, -1)
        zero, one = split[:, :, 0], split[:, :, 1]  # (S, 2^q, 2^(n-q-1))
        populations = (half.abs().square().sum((1, 2)) for half in (zero, one))
        coherence = (zero * one.conj()).sum((1, 2)).abs()
        purity += sum(population.square() for population in populations) + 2 * coherence.square()
    return 2 * (1 - purity / n_qubits)


def haar_meyer_wallach(n_qubits: int) -> float:
    """Return the mean Q of Haar-random states, (N - 2) / (N + 1) with N = 2^n."""
    size = 2.0**n_qubits
    return (size - 2) / (size + 1)
