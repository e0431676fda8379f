"""The matrices of a noisy circuit's operations, for a batch of inputs and a set of weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch

from qlab.circuits.gates import Phase
from qlab.circuits.slots import Input, Slot
from qlab.engine.rotations import basis, quaternions
from qlab.engine.slots import InputSlots, SharedSlots
from qlab.engine.trajectories.jumps import Jumps
from qlab.engine.trajectories.operations import Block, Diagonal, Operation, Run, Turn

Piece = torch.Tensor | int  # matrices (B, 2, 2), or (1, 2, 2) where all samples share them; or the number of a channel


class Numbers:
    """What operations are made of; computed for inputs (B, n_inputs) and weights (n_weights,).

    Attributes:
        pieces: for each run its merged rotations, and its channels.
        calm: for each run the matrices (B, 2, 2), or (1, 2, 2), where no jump happens.
        factors: for each diagonal its phases (D, B), or (D, 1).
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        jumps: Sequence[Jumps],
        inputs: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        runs = [run for operation in operations if isinstance(operation, Block) for run in operation.runs]
        turns = [item for run in runs for item in run.items if isinstance(item, Turn)]
        diagonals = [operation for operation in operations if isinstance(operation, Diagonal)]
        angles = _values([*(turn.slot for turn in turns), *(item.slot for item in diagonals)], inputs, weights)
        matrices = {turn: _rotations(turn, angle, dtype) for turn, angle in zip(turns, angles, strict=False)}
        self.pieces = {run: _pieces(run, matrices) for run in runs}
        self.calm = {run: _product([_calm(piece, jumps) for piece in pieces]) for run, pieces in self.pieces.items()}
        phases = zip(diagonals, angles[len(turns) :], strict=True)
        self.factors = {item: _phase_factors(item.part, angle, dtype) for item, angle in phases}


def _values(slots: Sequence[Slot], inputs: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
    """Return the value (B,), or (1,) where all samples share it, of each slot."""
    own = [place for place, slot in enumerate(slots) if isinstance(slot, Input)]
    shared = [place for place, slot in enumerate(slots) if not isinstance(slot, Input)]
    by_sample = InputSlots([slot for slot in slots if isinstance(slot, Input)], inputs.shape[1], inputs.device)
    for_all = SharedSlots([slots[place] for place in shared], len(weights), weights.device)
    found = dict(zip(own, by_sample(inputs.double()), strict=True))
    found |= zip(shared, for_all(weights.double()), strict=True)
    return [found[place] for place in range(len(slots))]


def _rotations(turn: Turn, angles: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the matrices (B, 2, 2) of a rotation by ``angles`` (B,)."""
    axis = torch.tensor([turn.axis], dtype=torch.float64, device=angles.device)
    turned = quaternions(angles[None], axis)[0].to(torch.complex128)  # (B, 4)
    matrices: torch.Tensor = (turned @ basis(torch.complex128, angles.device).flatten(1)).view(-1, 2, 2).to(dtype)
    return matrices


def _pieces(run: Run, matrices: dict[Turn, torch.Tensor]) -> list[Piece]:
    pieces: list[Piece] = []
    for are_turns, items in groupby(run.items, lambda item: isinstance(item, Turn)):
        if are_turns:
            pieces.append(_product([matrices[item] for item in items if isinstance(item, Turn)]))
        else:
            pieces += [item.number for item in items if not isinstance(item, Turn)]
    return pieces


def _calm(piece: Piece, jumps: Sequence[Jumps]) -> torch.Tensor:
    return jumps[piece].calm[None] if isinstance(piece, int) else piece


def _product(matrices: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the product of matrices, the first acting first."""
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matrix @ product
    return product


def _phase_factors(part: Phase, angles: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return exp(i angle sum_t c_t Z_t) of all basis states of its qubits, the first the most significant bit."""
    states = np.arange(1 << len(part.qubits))
    total = np.zeros(len(states))
    for qubits, coefficient in part.terms.items():
        odd = sum(states >> len(part.qubits) - 1 - part.qubits.index(qubit) & 1 for qubit in qubits)
        total += coefficient * (1 - 2 * (odd % 2))
    turned = torch.as_tensor(total, device=angles.device)[:, None] * angles
    return torch.complex(turned.cos(), turned.sin()).to(dtype)
