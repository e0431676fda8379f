"""The steps of a program on a device, and the list of what they are made of."""

from __future__ import annotations

import numpy as np
import torch

from qlab.circuits.gates import Permutation
from qlab.circuits.slots import Input
from qlab.engine.angles import Register
from qlab.engine.bits import destinations
from qlab.engine.program import PermutationLayer, PhaseLayer, Program, RotationLayer, Run
from qlab.engine.steps import Phases, Relabelling, SampleBlock, SharedBlock, Step
from qlab.engine.zstrings import ZStrings

_LARGEST_BLOCK = 4  # qubits; fewer mean more passes over the state, more mean more arithmetic: 4 measured fastest


class Layout:
    """Turns the layers of a program into steps on a device, and registers what they are made of."""

    def __init__(self, program: Program, dtype: torch.dtype, device: torch.device) -> None:
        self._n, self._dtype, self._device = program.n_qubits, dtype, device
        self._relabellings: dict[tuple[Permutation, ...], Relabelling] = {}
        self.register = Register()
        self.blocks: dict[int, list[list[int]]] = {}  # for each size the merged rotations of each shared block
        self.start_is_shared = self._start(program.start)
        self.steps: list[Step] = []
        for layer in program.layers:
            if isinstance(layer, RotationLayer):
                self.steps += self._rotations(layer)
            else:
                self.steps.append(self._phases(layer) if isinstance(layer, PhaseLayer) else self._relabelling(layer))

    def _start(self, start: RotationLayer | None) -> bool:
        """Register the rotations of |0...0> as the first n runs."""
        if start is None:
            return True
        runs = [start.runs.get(qubit, []) for qubit in range(self._n)]
        shared = not any(_has_input(run) for run in runs)
        for run in runs:
            self.register.shared_run(run) if shared else self.register.own_run(run)
        return shared

    def _rotations(self, layer: RotationLayer) -> list[Step]:
        steps: list[Step] = []
        for qubits in _neighbours(layer):
            runs = [layer.runs[qubit] for qubit in qubits]
            if _has_input(runs[0]):
                places = [self.register.own_run(run) for run in runs]
                steps.append(SampleBlock(qubits[0], len(qubits), places[0]))
                continue
            blocks = self.blocks.setdefault(len(qubits), [])
            blocks.append([self.register.shared_run(run) for run in runs])
            steps.append(SharedBlock(qubits[0], len(qubits), len(blocks) - 1))
        return steps

    def _phases(self, layer: PhaseLayer) -> Step:
        return Phases(
            shared_strings=self._strings([mask for mask, _ in layer.shared]),
            shared=self.register.phase_slice([slot for _, slot in layer.shared]),
            own_strings=self._strings([mask for mask, _ in layer.per_sample]),
            own=self.register.own_phase_slice([slot for _, slot in layer.per_sample]),
        )

    def _strings(self, masks: list[int]) -> ZStrings | None:
        return ZStrings(masks, self._n, self._dtype.to_real(), self._device) if masks else None

    def _relabelling(self, layer: PermutationLayer) -> Step:
        key = tuple(layer.parts)  # layers of the same network share one table
        if key not in self._relabellings:
            destination = destinations(layer.parts, self._n)
            source = np.empty_like(destination)
            source[destination] = np.arange(len(destination))
            tables = (torch.as_tensor(table, device=self._device) for table in (source, destination))
            self._relabellings[key] = Relabelling(*tables)
        return self._relabellings[key]


def _has_input(run: Run) -> bool:
    return any(isinstance(slot, Input) for _, slot in run)


def _neighbours(layer: RotationLayer) -> list[list[int]]:
    """Return the qubits of a layer in groups of neighbours, nearly equal in size, all shared or all per sample."""
    stretches: list[list[int]] = []
    for qubit in sorted(layer.runs):
        joins = stretches and stretches[-1][-1] == qubit - 1
        if joins and _has_input(layer.runs[qubit - 1]) == _has_input(layer.runs[qubit]):
            stretches[-1].append(qubit)
        else:
            stretches.append([qubit])
    groups = []
    for stretch in stretches:
        count = -(-len(stretch) // _LARGEST_BLOCK)
        groups += [list(part) for part in np.array_split(stretch, count)]
    return [[int(qubit) for qubit in group] for group in groups]
