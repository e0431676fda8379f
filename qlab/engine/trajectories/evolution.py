"""Matrices on some qubits of states (2^n, C), basis states first."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def multiply(matrix: torch.Tensor, states: torch.Tensor, before: int) -> torch.Tensor:
    """Return a matrix (D, D) times the qubits behind the first ``before`` ones."""
    rows, columns = states.shape
    size = len(matrix)
    rest = (rows >> before) // size * columns
    if rest == 1:
        return (states.view(-1, size) @ matrix.T).view(rows, columns)
    view = states.view(1 << before, size, rest)
    return torch.bmm(matrix.expand(1 << before, size, size), view).view(rows, columns)


def multiply_each(matrices: torch.Tensor, states: torch.Tensor, qubits: Sequence[int]) -> torch.Tensor:
    """Return matrices (C, D, D), another for each state, times some qubits."""
    columns = matrices.permute(1, 2, 0)  # (D, D, C)
    if len(qubits) == 1:
        view = states.view(1 << qubits[0], 2, -1, states.shape[1])
        found = torch.empty_like(view)
        for row in (0, 1):
            torch.mul(columns[row, 0], view[:, 0], out=found[:, row]).addcmul_(columns[row, 1], view[:, 1])
        return found.view(states.shape)
    front = to_front(states, qubits)  # (D, rest, C)
    return to_back((columns[:, :, None] * front).sum(1), states, qubits)


def multiply_some(matrix: torch.Tensor, states: torch.Tensor, qubits: Sequence[int]) -> torch.Tensor:
    """Return a matrix (D, D) times qubits that need not be neighbours."""
    front = to_front(states, qubits)
    return to_back((matrix @ front.flatten(1)).view(front.shape), states, qubits)


def density_matrices(states: torch.Tensor, qubits: Sequence[int]) -> torch.Tensor:
    """Return the density matrices (C, D, D) of some qubits, complex128; their trace is the squared norm."""
    front = to_front(states, qubits)
    size = len(front)
    found = torch.empty(states.shape[1], size, size, dtype=torch.complex128, device=states.device)
    for row in range(size):
        for column in range(row + 1):
            found[:, row, column] = (front[row] * front[column].conj()).sum(0)
            found[:, column, row] = found[:, row, column].conj()
    return found


def permute(states: torch.Tensor, qubits: Sequence[int], table: Sequence[int]) -> None:
    """Move basis state j of some qubits to ``table[j]``, in place."""
    parts = [_part(states, qubits, j) for j in range(len(table))]
    moved = {target: parts[j].clone() for j, target in enumerate(table) if target != j}
    for target, part in moved.items():
        parts[target].copy_(part)


def turn_phases(states: torch.Tensor, qubits: Sequence[int], factors: torch.Tensor) -> None:
    """Multiply basis state j of some qubits with factors[j] of (D, C) or (D, 1), in place."""
    for j, factor in enumerate(factors):
        _part(states, qubits, j).mul_(factor)


def _part(states: torch.Tensor, qubits: Sequence[int], j: int) -> torch.Tensor:
    """Return a view of where some qubits are in basis state ``j``."""
    n_qubits = len(states).bit_length() - 1
    index: list[int | slice] = [slice(None)] * n_qubits
    for place, qubit in enumerate(reversed(qubits)):
        index[qubit] = j >> place & 1
    return states.view(*(2,) * n_qubits, -1)[tuple(index)]


def to_front(states: torch.Tensor, qubits: Sequence[int]) -> torch.Tensor:
    """Return states (D, 2^n / D, C) with some qubits first."""
    n_qubits = len(states).bit_length() - 1
    view = states.view(*(2,) * n_qubits, -1).movedim(tuple(qubits), tuple(range(len(qubits))))
    return view.reshape(1 << len(qubits), -1, states.shape[1])


def to_back(front: torch.Tensor, like: torch.Tensor, qubits: Sequence[int]) -> torch.Tensor:
    """Undo ``to_front``."""
    n_qubits = len(like).bit_length() - 1
    view = front.view(*(2,) * n_qubits, -1).movedim(tuple(range(len(qubits))), tuple(qubits))
    return view.reshape(like.shape)
