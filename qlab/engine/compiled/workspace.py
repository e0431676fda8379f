"""The arrays of one execution of a circuit."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qlab.engine.compiled.jit import Lanes
from qlab.engine.compiled.memory import Real, aligned
from qlab.engine.compiled.packing import Packed
from qlab.engine.compiled.plan import BLOCK_ROWS, Plan
from qlab.engine.compiled.tables import Numbers, Scratch, Sums

Fields = tuple[Real, ...]  # of a named tuple, which would be slow to hand to a kernel


@dataclass(eq=False)
class Execution:
    """The numbers and final states of a batch, and the working memory of each thread.

    Attributes:
        key: of those with the same shapes.
        lanes: tells kernels the number V of lanes.
        packed: the circuit's tables for so many lanes.
        chunks: how many chunks of samples there are.
        segments: how many segments a circuit is cut into.
        wanted_threads: how many might share the work; decides the number of lanes.
        threads: how many do.
        by_tiles: whether threads share the steps of a chunk, not the chunks.
        numbers: what the execution depends on: the fields of ``Numbers``.
        states: (C, 2^n V) final states; empty where they are not kept.
        scratches: for each thread the fields of ``Scratch``; the states are the same where they share tiles.
        sums: for each thread the fields of ``Sums``.
        uses: counts who had it; what it holds is the last one's.
    """

    key: Hashable
    lanes: Lanes
    packed: Packed
    chunks: int
    segments: int
    wanted_threads: int
    threads: int
    by_tiles: bool
    numbers: Fields
    states: Real
    scratches: list[Fields]
    sums: list[Fields]
    uses: int = 0

    @cached_property
    def nbytes(self) -> int:
        """How large it is."""
        parts = [self.numbers, *self.scratches, *self.sums]
        arrays = {id(array): array for part in parts for array in part}  # threads have some in common
        return self.states.nbytes + sum(array.nbytes for array in arrays.values())


class Workspace:
    """Makes executions of one circuit in one precision for batches of a size.

    Attributes:
        plan: of the circuit.
        dtype: of the states.
        batch: number of samples.
        chunks: number of chunks they make.
        lanes: tells kernels the number of lanes.
        together: how many chunks are worked on together.
    """

    def __init__(self, plan: Plan, dtype: np.dtype[Any], batch: int, lanes: Lanes, tile_bits: int) -> None:
        self.plan, self.dtype, self.batch, self.lanes = plan, dtype, batch, lanes
        self.chunks = -(-batch // (1 << len(lanes) >> 1))
        both = 1 << tile_bits >> 1  # rows of either of two states that fit the cache together
        self.together = min(self.chunks, max(1, both >> plan.n_qubits))

    def states(self, keep: bool) -> Real:
        """Return room for the final states, or for none of them."""
        return aligned((self.chunks if keep else 0, 1 << self.plan.n_qubits + len(self.lanes)), self.dtype)

    def numbers(self) -> Numbers:
        """Return room for what the execution depends on."""
        plan, lanes = self.plan, self.lanes
        rotations, n_stages = len(plan.stage_tables.rotations), len(plan.stages)
        turns = len(plan.angles.axes) + self.batch * len(plan.angles.own_axes)
        return Numbers(
            turns=aligned((3, -(-turns >> len(lanes)) << len(lanes)), np.float64),
            merged=np.empty((len(plan.angles.runs), 4)),
            frames=np.empty((rotations + 1, 3)),
            tangents=np.empty(rotations + 1, self.dtype),
            flips=np.empty(n_stages, np.int64),
            scales=np.empty(n_stages),
            phases=aligned((n_stages, 1 << plan.n_qubits, 2), self.dtype),
            slots=np.empty((self.batch, len(plan.angles.slot_scales))),
            matrices=aligned((self.chunks, len(plan.angles.lane_starts) - 1, 4, 1 << len(lanes)), self.dtype),
        )

    def scratches(self, keep: bool, threads: int, by_tiles: bool) -> list[Scratch]:
        """Return working memory for so many threads; less of it where there will be no backward pass."""
        if not by_tiles:
            return [self._scratch(keep) for _ in range(threads)]
        one = self._scratch(keep)
        return [one, *(one._replace(block=aligned(one.block.shape, self.dtype)) for _ in range(1, threads))]

    def _scratch(self, keep: bool) -> Scratch:
        size, sides = 1 << self.plan.n_qubits + len(self.lanes), 2 if keep else 1
        own = len(self.plan.stage_tables.own_terms)
        return Scratch(
            psi=aligned((sides, self.together * size), self.dtype),
            lam=aligned((sides, self.together * size), self.dtype),
            block=aligned((max(BLOCK_ROWS + 1, self.plan.n_words) << len(self.lanes),), self.dtype),
            turns=aligned((2, size if own else 0), self.dtype),
        )

    def sums(self, threads: int) -> list[Sums]:
        """Return room for the gradients of so many threads."""
        plan = self.plan
        n_stages, states = len(plan.stages), 1 << plan.n_qubits
        by_slot = np.empty((self.batch, len(plan.angles.slot_scales)))
        by_amplitude = np.empty((self.batch, states if threads and plan.embeds_amplitudes else 0))
        shape = (self.together, len(plan.angles.lane_starts) - 1, 3, 1 << len(self.lanes))
        return [
            Sums(
                by_xy=np.empty((len(plan.stage_tables.rotations) + 1, 2)),
                blocks=np.empty((n_stages, max(1, states >> 3))),
                bits=np.empty((n_stages, 3)),
                by_term=np.empty((n_stages if len(plan.stage_tables.terms) else 0, states)),
                by_run=np.empty((len(plan.angles.runs), 3)),
                by_lane=aligned(shape, self.dtype),
                by_slot=by_slot,
                by_amplitude=by_amplitude,
            )
            for _ in range(threads)
        ]
