"""States on their way through a noisy circuit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from qlab.circuits.gates import Permutation
from qlab.engine.rotations import kron
from qlab.engine.trajectories.evolution import (
    density_matrices,
    multiply,
    multiply_each,
    multiply_some,
    permute,
    turn_phases,
)
from qlab.engine.trajectories.jumps import Jumps
from qlab.engine.trajectories.numbers import Numbers
from qlab.engine.trajectories.operations import Block, Diagonal, Operation, PairStrike, Run, strikes_of

_IMPOSSIBLE = 1e-24  # probability of what rounding alone can make happen: next to 1 it is 0 in double precision


@dataclass(frozen=True, eq=False)
class Fate:
    """What is drawn for C trajectories of a circuit with L channels.

    Attributes:
        samples: (C,), of which sample each is.
        draws: (L, C), uniform from 0 to 1: a jump happens where it is below the jump's probability; above 1, none can.
        forced: (L, C), where a jump happens for certain.
        looked_at: (L, C), where the state decides.
    """

    samples: torch.Tensor
    draws: torch.Tensor
    forced: torch.Tensor
    looked_at: torch.Tensor

    def of(self, places: torch.Tensor) -> Fate:
        """Return that of some of the trajectories."""
        return Fate(self.samples[places], *(item[:, places] for item in (self.draws, self.forced, self.looked_at)))


class Passage:
    """Executes the operations of a noisy circuit on states (2^n, C)."""

    def __init__(self, operations: Sequence[Operation], jumps: Sequence[Jumps], numbers: Numbers) -> None:
        self._operations, self._jumps, self._numbers = operations, jumps, numbers

    def __call__(self, states: torch.Tensor, fate: Fate, losses: torch.Tensor) -> torch.Tensor:
        """Return the states behind all operations, of any norm.

        ``losses`` (L, C) is filled with the probabilities of jumps where the state decided.
        """
        for operation in self._operations:
            numbers = [strike.number for strike in strikes_of(operation)]
            places = fate.looked_at[numbers].any(0).nonzero()[:, 0]
            if len(places) == len(fate.samples):
                states = self._decided(operation, states, fate, places, losses)
                continue
            decided = None
            if len(places):
                decided = self._decided(operation, states[:, places], fate.of(places), places, losses)
            states = self._calm(operation, states, fate.samples)
            if decided is not None:
                states[:, places] = decided
        return states

    def _calm(self, operation: Operation, states: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        """Execute an operation where no jump happens; may work in place."""
        if isinstance(operation, Permutation):
            permute(states, operation.qubits, operation.table)
            return states
        if isinstance(operation, Diagonal):
            factors = self._numbers.factors[operation]
            turn_phases(states, operation.part.qubits, _of(factors, samples, 1))
            return states
        if isinstance(operation, PairStrike):
            jumps = self._jumps[operation.strike.number]
            return states if jumps.rests else multiply_some(jumps.calm, states, operation.qubits)
        matrices = [self._numbers.calm[run] for run in operation.runs]
        if operation.runs[0].differs:
            return multiply_each(_of(matrices[0], samples, 0), states, (operation.runs[0].qubit,))
        return multiply(kron(matrices)[0], states, operation.runs[0].qubit)

    def _decided(
        self, operation: Operation, states: torch.Tensor, fate: Fate, places: torch.Tensor, losses: torch.Tensor
    ) -> torch.Tensor:
        """Execute an operation with what the states decide; ``places`` are those of the states in ``losses``."""
        if isinstance(operation, PairStrike):
            decision = _Decision(density_matrices(states, operation.qubits))
            self._strike(operation.strike.number, decision, fate, places, losses)
            return multiply_each(decision.matrices.to(states.dtype), states, operation.qubits)
        if not isinstance(operation, Block):
            return self._calm(operation, states, fate.samples)
        for run in operation.runs:
            states = self._run(run, states, fate, places, losses)
        return states

    def _run(
        self, run: Run, states: torch.Tensor, fate: Fate, places: torch.Tensor, losses: torch.Tensor
    ) -> torch.Tensor:
        if not run.strikes:
            return multiply_each(_of(self._numbers.calm[run], fate.samples, 0), states, (run.qubit,))
        decision = _Decision(density_matrices(states, (run.qubit,)))
        for piece in self._numbers.pieces[run]:
            if isinstance(piece, int):
                self._strike(piece, decision, fate, places, losses)
            else:
                decision.act(_of(piece, fate.samples, 0))
        return multiply_each(decision.matrices.to(states.dtype), states, (run.qubit,))

    def _strike(self, number: int, decision: _Decision, fate: Fate, places: torch.Tensor, losses: torch.Tensor) -> None:
        jumps = self._jumps[number]
        probabilities = jumps.probabilities(decision.density)
        losses[number, places] = probabilities.sum(0)
        decision.act(jumps.choose(probabilities, fate.draws[number], fate.forced[number]))


class _Decision:
    """What acts on some qubits of states, step by step, and their density matrices (C, D, D), of trace 1.

    Where no state is left, for what acts is impossible, both are 0, as all is that follows.
    """

    def __init__(self, density: torch.Tensor) -> None:
        self.density = density
        self.matrices = torch.eye(density.shape[1], dtype=density.dtype, device=density.device).expand_as(density)
        self._normalise(torch.finfo(torch.float32).tiny)

    def act(self, matrices: torch.Tensor) -> None:
        """Let matrices (C, D, D) act, and keep the norm."""
        exact = matrices.to(self.density.dtype)
        self.matrices, self.density = exact @ self.matrices, exact @ self.density @ exact.mH
        self._normalise(_IMPOSSIBLE)

    def _normalise(self, least: float) -> None:
        trace = self.density.diagonal(dim1=1, dim2=2).real.sum(1)
        scale = torch.where(trace < least, 0.0, trace.clamp(min=least).rsqrt())[:, None, None]
        self.density, self.matrices = self.density * scale.square(), self.matrices * scale


def _of(numbers: torch.Tensor, samples: torch.Tensor, dimension: int) -> torch.Tensor:
    """Return those of some samples; those that all samples share as they are."""
    return numbers if numbers.shape[dimension] == 1 else numbers.index_select(dimension, samples)
