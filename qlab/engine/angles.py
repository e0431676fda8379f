"""From inputs and weights to the numbers that a program's steps are made of, differentiable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import torch

from qlab.circuits.gates import Axis
from qlab.circuits.slots import Input, Slot
from qlab.engine.program import Run
from qlab.engine.rotations import compose, padded_runs, quaternions
from qlab.engine.slots import InputSlots, SharedSlots


@dataclass
class Register:
    """Numbers the merged rotations and the phases of a program while its steps are laid out."""

    rotations: list[tuple[Axis, Slot]] = field(default_factory=list)
    runs: list[list[int]] = field(default_factory=list)
    own_rotations: list[tuple[Axis, Input]] = field(default_factory=list)
    own_runs: list[list[tuple[bool, int]]] = field(default_factory=list)  # (whether a shared run, its number)
    phases: list[Slot] = field(default_factory=list)
    own_phases: list[Input] = field(default_factory=list)

    def shared_run(self, run: Run) -> int:
        """Return the number of a merged rotation without inputs."""
        first = len(self.rotations)
        self.rotations += run
        self.runs.append(list(range(first, len(self.rotations))))
        return len(self.runs) - 1

    def own_run(self, run: Run) -> int:
        """Return the number of a merged rotation with inputs; its stretches without inputs are merged once for all."""
        pieces = []
        for has_input, stretch in groupby(run, lambda item: isinstance(item[1], Input)):
            if not has_input:
                pieces.append((True, self.shared_run(list(stretch))))
                continue
            for axis, slot in stretch:
                assert isinstance(slot, Input)
                self.own_rotations.append((axis, slot))
                pieces.append((False, len(self.own_rotations) - 1))
        self.own_runs.append(pieces)
        return len(self.own_runs) - 1

    def phase_slice(self, slots: Sequence[Slot]) -> slice:
        """Return the numbers of coefficients without inputs."""
        self.phases += slots
        return slice(len(self.phases) - len(slots), len(self.phases))

    def own_phase_slice(self, slots: Sequence[Slot]) -> slice:
        """Return the numbers of coefficients with inputs."""
        self.own_phases += [slot for slot in slots if isinstance(slot, Input)]
        return slice(len(self.own_phases) - len(slots), len(self.own_phases))


class Angles:
    """Evaluates what a register holds."""

    def __init__(self, register: Register, n_inputs: int, n_weights: int, device: torch.device) -> None:
        self._shared = _Rotations([axis for axis, _ in register.rotations], device)
        self._shared_slots = SharedSlots([slot for _, slot in register.rotations], n_weights, device)
        self._runs = _indices(padded_runs(register.runs, len(register.rotations)), device)
        own = len(register.own_rotations)
        parts = sorted({number for run in register.own_runs for shared, number in run if shared})
        place = {number: own + 1 + k for k, number in enumerate(parts)}  # behind own rotations and the identity
        runs = [[place[number] if shared else number for shared, number in run] for run in register.own_runs]
        self._own = _Rotations([axis for axis, _ in register.own_rotations], device)
        self._own_slots = InputSlots([slot for _, slot in register.own_rotations], n_inputs, device)
        self._own_parts = torch.tensor(parts, dtype=torch.int64, device=device)
        self._own_runs = _indices(padded_runs(runs, own), device)
        self._phases = SharedSlots(register.phases, n_weights, device)
        self._own_phases = InputSlots(register.own_phases, n_inputs, device)

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return merged rotations and phases for inputs (B, n_inputs) and weights (n_weights,), both float64.

        They are: rotations of all samples (R, 4), rotations of each sample (S, B, 4), coefficients of phases of all
        samples (P, 1), coefficients of phases of each sample (Q, B); rotations are quaternions.
        """
        shared = _merged(self._shared(self._shared_slots(weights)), self._runs)  # (R, 1, 4)
        return shared[:, 0], self._per_sample(inputs, shared), self._phases(weights), self._own_phases(inputs)

    def _per_sample(self, inputs: torch.Tensor, shared: torch.Tensor) -> torch.Tensor:
        if not len(self._own_runs):
            return inputs.T[:0, :, None].expand(-1, -1, 4)
        own = self._own(self._own_slots(inputs))  # (own rotations + 1, B, 4)
        parts = shared.index_select(0, self._own_parts).expand(-1, len(inputs), -1)
        return _merged(torch.cat([own, parts]), self._own_runs)


class _Rotations:
    """Rotations about fixed axes, and the identity behind them."""

    def __init__(self, axes: Sequence[Axis], device: torch.device) -> None:
        self._axes = torch.tensor(axes, dtype=torch.float64, device=device).reshape(len(axes), 3)
        self._identity = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]], dtype=torch.float64, device=device)

    def __call__(self, angles: torch.Tensor) -> torch.Tensor:
        """Return quaternions (A + 1, C, 4) for angles (A, C)."""
        return torch.cat([quaternions(angles, self._axes), self._identity.expand(1, angles.shape[1], 4)])


def _indices(runs: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    length = len(runs[0]) if runs else 1
    return torch.tensor(runs, dtype=torch.int64, device=device).reshape(len(runs), length)


def _merged(rotations: torch.Tensor, runs: torch.Tensor) -> torch.Tensor:
    """Return the products (R, C, 4) of the runs (R, M) of rotations (A, C, 4)."""
    chosen = rotations.index_select(0, runs.reshape(-1))
    return compose(chosen.view(*runs.shape, *rotations.shape[1:]))
