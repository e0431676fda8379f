"""One circuit on the CPU: forward and backward on a batch, chunk by chunk, in a few threads."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.compiled.backward import backward
from qlab.engine.compiled.forward import forward
from qlab.engine.compiled.jit import Lanes, lanes_of, vector_bytes
from qlab.engine.compiled.memory import POOL, Real, aligned
from qlab.engine.compiled.packing import Packed, pack
from qlab.engine.compiled.plan import BLOCK_ROWS, Plan
from qlab.engine.compiled.tables import Numbers, Scratch, Sums
from qlab.engine.compiled.threads import share

Doubles = NDArray[np.float64]
Fields = tuple[Real, ...]  # of a named tuple, which would be slow to hand to a kernel

_NARROW = 4  # samples at once where the batch is small
_THREADS_FROM = 11  # qubits; below, handing chunks to a thread costs more than it saves
_TILE_BYTES = 1 << 15
_ADDED = 5  # the first fields of ``Sums`` are of one thread, the others of all


@dataclass(eq=False)
class Execution:
    """The numbers and final states of a batch, and the working memory of each thread.

    Attributes:
        key: of those with the same shapes.
        lanes: tells kernels the number V of lanes.
        packed: the circuit's tables for so many lanes.
        chunks: how many chunks of samples there are.
        numbers: what the execution depends on: the fields of ``Numbers``.
        states: (C, 2^n V) final states; empty where they are not kept.
        scratches: for each thread the fields of ``Scratch``.
        sums: for each thread the fields of ``Sums``.
        uses: counts who had it; what it holds is the last one's.
    """

    key: Hashable
    lanes: Lanes
    packed: Packed
    chunks: int
    numbers: Fields
    states: Real
    scratches: list[Fields]
    sums: list[Fields]
    uses: int = 0

    @cached_property
    def nbytes(self) -> int:
        """How large it is."""
        parts = [self.numbers, *self.scratches, *self.sums]
        return self.states.nbytes + sum(array.nbytes for part in parts for array in part)


class Executor:
    """Executes one circuit with one list of observables in one precision."""

    def __init__(self, circuit: Circuit, observables: tuple[PauliWord, ...], dtype: torch.dtype) -> None:
        self.dtype = np.dtype(np.float32 if dtype == torch.complex64 else np.float64)
        self._plan = Plan(circuit, observables, self.dtype)
        self._n = circuit.n_qubits
        self._packed: dict[int, Packed] = {}
        self._floors: dict[tuple[bool, bool], tuple[int, int, int, int]] = {}
        self._has_own_phases = bool(len(self._plan.stage_tables.own_terms))

    def forward(self, inputs: Doubles, weights: Doubles, amplitudes: Doubles, keep: bool) -> tuple[Real, Execution]:
        """Return values (B, K) and the execution, with the final states where ``keep``.

        ``amplitudes`` (B, 2^n) are normalised; (0, 0) where the first state is a product state.
        """
        execution = self._execution(len(inputs), keep)
        values = np.empty((len(inputs), self._plan.n_words), self.dtype)
        if len(execution.scratches) > 1:
            self._forward(execution, 0, 0, 0, inputs, weights, False, amplitudes, values)

            def run(worker: int, first: int, last: int) -> None:
                self._forward(execution, worker, first, last, inputs, weights, True, amplitudes, values)

            share(len(execution.scratches), execution.chunks, run)
        else:
            self._forward(execution, 0, 0, execution.chunks, inputs, weights, False, amplitudes, values)
        return values, execution

    def _forward(
        self,
        execution: Execution,
        worker: int,
        first: int,
        last: int,
        inputs: Doubles,
        weights: Doubles,
        ready: bool,
        amplitudes: Doubles,
        values: Real,
    ) -> None:
        """Execute some chunks; compute the numbers before where they are not ``ready``."""
        forward(
            execution.lanes, first, last, self._n, execution.packed, inputs, weights, ready,
            execution.numbers, amplitudes, execution.states, execution.scratches[worker], values,
        )  # fmt: skip

    def backward(
        self,
        inputs: Doubles,
        weights: Doubles,
        execution: Execution,
        states: Real,
        gradient: Real,
        needed: tuple[bool, bool],
    ) -> tuple[Doubles, Doubles, Doubles]:
        """Return the gradients by inputs (B, n_inputs), weights (n_weights,) and amplitudes (B, 2^n or 0).

        ``needed`` says whether those by inputs and by weights are wanted; what is not may be wrong.
        """
        floor = self._floor(needed)
        by_weight, by_input = np.empty(weights.shape), np.empty(inputs.shape if needed[0] else (0, 0))
        sums, chunks = execution.sums, len(states)

        def run(worker: int, first: int, last: int, last_of_all: bool = False) -> Fields:
            backward(
                execution.lanes, first, last, self._n, execution.packed, execution.numbers,
                floor, states, gradient, execution.scratches[worker], sums[worker], inputs, last_of_all,
                by_weight, by_input,
            )  # fmt: skip
            return sums[worker]

        if len(sums) > 1:
            total, *others = share(len(sums), chunks, run)
            for other in others:
                for mine, more in zip(total[:_ADDED], other[:_ADDED], strict=True):
                    np.add(mine, more, out=mine)
            run(0, 0, 0, True)
        else:
            run(0, 0, chunks, True)
        return by_input, by_weight, sums[0][_ADDED + 1]

    def restored(self, inputs: Doubles, weights: Doubles) -> Execution:
        """Return the execution of a batch anew, without its final states."""
        execution = self._execution(len(inputs), keep=True)
        self._forward(execution, 0, 0, 0, inputs, weights, False, np.empty((0, 0)), np.empty((0, 0), self.dtype))
        return execution

    def _floor(self, needed: tuple[bool, bool]) -> tuple[int, int, int, int]:
        if needed not in self._floors:
            self._floors[needed] = self._plan.floor(*needed)
        return self._floors[needed]

    def _lanes(self, batch: int, threads: int) -> Lanes:
        wide = vector_bytes() // (2 * self.dtype.itemsize)
        return lanes_of(2 * (_NARROW if batch <= _NARROW or -(-batch // wide) < threads else wide))

    def _chunks(self, batch: int, lanes: Lanes) -> int:
        return -(-batch // (1 << len(lanes) >> 1))

    def _tile_bits(self, lanes: int) -> int:
        """Return how many bits a tile has for 2^lanes lanes."""
        return (_TILE_BYTES // self.dtype.itemsize).bit_length() - 1 - lanes

    def _pack(self, lanes: int) -> Packed:
        """Return the circuit's tables for 2^lanes lanes."""
        if lanes not in self._packed:
            steps, words = self._plan.steps(self._tile_bits(lanes))
            self._packed[lanes] = pack(self._plan.angles, self._plan.stage_tables, steps, words, self.dtype)
        return self._packed[lanes]

    def _execution(self, batch: int, keep: bool) -> Execution:
        threads = torch.get_num_threads() if self._plan.n_qubits >= _THREADS_FROM else 1
        key = (self, batch, keep, threads)
        found: Execution | None = POOL.take(key)
        if found is None:
            found = self._new_execution(key, batch, self._lanes(batch, threads), keep, threads)
        found.uses += 1
        return found

    def _new_execution(self, key: Hashable, batch: int, lanes: Lanes, keep: bool, threads: int) -> Execution:
        size, chunks = 1 << self._plan.n_qubits + len(lanes), self._chunks(batch, lanes)
        workers = min(threads, chunks)
        amplitudes = 1 << self._plan.n_qubits if keep and self._plan.embeds_amplitudes else 0
        by_slot, by_amplitude = np.empty((batch, len(self._plan.angles.slot_scales))), np.empty((batch, amplitudes))
        return Execution(
            key,
            lanes,
            self._pack(len(lanes)),
            chunks,
            tuple(self._numbers(batch, chunks, lanes)),
            aligned((chunks if keep else 0, size), self.dtype),
            [tuple(self._scratch(lanes, 2 if keep else 1, chunks)) for _ in range(workers)],
            [tuple(self._sums(by_slot, by_amplitude)) for _ in range(workers if keep else 0)],
        )

    def _numbers(self, batch: int, chunks: int, lanes: Lanes) -> Numbers:
        plan = self._plan
        rotations, n_stages = len(plan.stage_tables.rotations), len(plan.stages)
        turns = len(plan.angles.axes) + batch * len(plan.angles.own_axes)
        return Numbers(
            turns=aligned((3, -(-turns >> len(lanes)) << len(lanes)), np.float64),
            merged=np.empty((len(plan.angles.runs), 4)),
            frames=np.empty((rotations + 1, 3)),
            tangents=np.empty(rotations + 1, self.dtype),
            flips=np.empty(n_stages, np.int64),
            scales=np.empty(n_stages),
            phases=aligned((n_stages, 1 << plan.n_qubits, 2), self.dtype),
            slots=np.empty((batch, len(plan.angles.slot_scales))),
            matrices=aligned((chunks, len(plan.angles.lane_starts) - 1, 4, 1 << len(lanes)), self.dtype),
        )

    def _scratch(self, lanes: Lanes, sides: int, chunks: int) -> Scratch:
        size = 1 << self._plan.n_qubits + len(lanes)
        together = min(chunks, max(1, (1 << self._tile_bits(len(lanes)) >> 1) >> self._n))  # both states in the cache
        return Scratch(
            psi=aligned((sides, together * size), self.dtype),
            lam=aligned((sides, together * size), self.dtype),
            block=aligned((max(BLOCK_ROWS + 1, self._plan.n_words) << len(lanes),), self.dtype),
            turns=aligned((2, size if self._has_own_phases else 0), self.dtype),
        )

    def _sums(self, by_slot: Doubles, by_amplitude: Doubles) -> Sums:
        plan = self._plan
        n_stages, states = len(plan.stages), 1 << plan.n_qubits
        return Sums(
            by_xy=np.empty((len(plan.stage_tables.rotations) + 1, 2)),
            blocks=np.empty((n_stages, max(1, states >> 3))),
            bits=np.empty((n_stages, 3)),
            by_term=np.empty((n_stages if len(plan.stage_tables.terms) else 0, states)),
            by_run=np.empty((len(plan.angles.runs), 3)),
            by_slot=by_slot,
            by_amplitude=by_amplitude,
        )


@lru_cache(maxsize=64)
def executor(circuit: Circuit, observables: tuple[PauliWord, ...], dtype: torch.dtype) -> Executor:
    """Return the executor of a circuit; planned once, kept for later calls."""
    return Executor(circuit, observables, dtype)
