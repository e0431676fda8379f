"""Product states of n qubits."""

from __future__ import annotations

import torch


def product_state(qubits: torch.Tensor) -> torch.Tensor:
    """Return the state (2^n, C) of qubits (n, 2, C), qubit 0 on the most significant bit."""
    state = qubits[0]
    for qubit in qubits[1:]:
        state = (state[:, None] * qubit).reshape(-1, qubits.shape[-1])
    return state


def product_state_backward(qubits: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Return the gradient (n, 2, C) by ``qubits`` from the gradient (2^n, C) by their product state."""
    by_qubit = torch.empty_like(qubits)
    prefixes = [qubits[0]]  # products of the first 1, 2, ..., n-1 qubits
    for qubit in qubits[1:-1]:
        prefixes.append((prefixes[-1][:, None] * qubit).reshape(-1, qubits.shape[-1]))
    for place in range(len(qubits) - 1, 0, -1):
        pairs = gradient.view(-1, 2, qubits.shape[-1])  # (2^place, 2, C)
        by_qubit[place] = (pairs * prefixes[place - 1].conj()[:, None]).sum(0)
        gradient = (pairs * qubits[place].conj()).sum(1)
    by_qubit[0] = gradient
    return by_qubit
