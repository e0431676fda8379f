"""A layout on a device."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qlab.circuits.circuit import Circuit
from qlab.engine.density.evolution import Evolution
from qlab.engine.density.layout import Block, Layout, Multiply, Order
from qlab.engine.density.stages import stages_of
from qlab.engine.density.transfers import Transfers


class Matrices:
    """Matrices of blocks, in order: those that all samples share are made once, the others for each chunk of them."""

    def __init__(self, blocks: Sequence[Block], circuit: Circuit, dtype: torch.dtype, device: torch.device) -> None:
        self._own = [block.has_input for block in blocks]
        self._dtype = dtype
        of_all, of_each = ([b for b, own in zip(blocks, self._own, strict=True) if own == x] for x in (False, True))
        self._of_all = Transfers(of_all, circuit.n_inputs, circuit.n_weights, device)
        self._of_each = Transfers(of_each, circuit.n_inputs, circuit.n_weights, device) if of_each else None

    def shared(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return matrices (1, rows, columns) of those that no input enters, for weights (n_weights,) in float64."""
        return self._of_all(weights.new_empty(1, 0), weights, self._dtype)

    def all(self, shared: Sequence[torch.Tensor], inputs: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return all matrices (1 or C, rows, columns) for inputs (C, n_inputs) in float64."""
        if self._of_each is None:
            return list(shared)
        of_all, of_each = iter(shared), iter(self._of_each(inputs, weights, self._dtype))
        return [next(of_each) if own else next(of_all) for own in self._own]


class Execution:
    """Executes the steps of a layout."""

    def __init__(self, layout: Layout, circuit: Circuit, dtype: torch.dtype, device: torch.device) -> None:
        self.first: Order = layout.first
        self.order: Order = layout.order
        self._start = {qubit: place for place, qubit in enumerate(layout.starts)}
        steps = [step.block for step in layout.steps if isinstance(step, Multiply)]
        self.matrices = Matrices([*layout.starts.values(), *steps], circuit, dtype, device)
        self._evolution = Evolution(stages_of(layout, dtype, device))

    def start(self, qubit: int, matrices: Sequence[torch.Tensor]) -> torch.Tensor | None:
        """Return the matrix (1 or C, rows, 4) that acts on a qubit's start; None where there is none."""
        return matrices[self._start[qubit]] if qubit in self._start else None

    def evolved(self, vectors: torch.Tensor, matrices: Sequence[torch.Tensor], n_rows: int) -> torch.Tensor:
        """Return vectors (C, N') behind the steps for vectors (C, N) at the start, a chunk of ``n_rows`` ones."""
        return self._evolution(vectors, matrices[len(self._start) :], n_rows)
