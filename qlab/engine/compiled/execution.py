"""One circuit on the CPU: forward and backward on a batch, in a few threads.

Threads share the chunks of a batch. Where a chunk's states are large they share its tiles instead, step by step: they
work on the same memory then, and one chunk keeps them busy. What each finds is added up in the order of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.compiled.backward import backward
from qlab.engine.compiled.forward import forward
from qlab.engine.compiled.jit import Lanes, lanes_of, vector_bytes
from qlab.engine.compiled.memory import POOL, Real
from qlab.engine.compiled.packing import Packed, pack
from qlab.engine.compiled.plan import Plan
from qlab.engine.compiled.threads import share
from qlab.engine.compiled.windows import ALL, Window
from qlab.engine.compiled.workspace import Execution, Workspace

Doubles = NDArray[np.float64]
Step = Callable[[int, int, Window], None]  # worker, chunk, which step and which part of it

_NARROW = 4  # samples at once where the batch is small
_THREADS_FROM = 11  # qubits; below, handing chunks to a thread costs more than it saves
_TILES_FROM = 16  # qubits; below, handing tiles to a thread does
_TILE_BYTES = 1 << 15
_ADDED = 6  # the first fields of ``Sums`` are of one thread, the others of all
_BY_AMPLITUDE = 7  # the last one


class Executor:
    """Executes one circuit with one list of observables in one precision."""

    def __init__(self, circuit: Circuit, observables: tuple[PauliWord, ...], dtype: torch.dtype) -> None:
        self.dtype = np.dtype(np.float32 if dtype == torch.complex64 else np.float64)
        self._plan = Plan(circuit, observables, self.dtype)
        self._n = circuit.n_qubits
        self._packed: dict[int, tuple[Packed, int]] = {}
        self._floors: dict[tuple[bool, bool], tuple[int, int, int, int]] = {}

    def forward(self, inputs: Doubles, weights: Doubles, amplitudes: Doubles, keep: bool) -> tuple[Real, Execution]:
        """Return values (B, K) and the execution, with the final states where ``keep``.

        ``amplitudes`` (B, 2^n) are normalised; (0, 0) where the first state is a product state.
        """
        execution = self._execution(len(inputs), keep, torch.get_num_threads())
        scratches, values = execution.scratches, np.empty((len(inputs), self._plan.n_words), self.dtype)
        given = (
            execution.lanes, self._n, execution.packed, execution.numbers, inputs, weights, amplitudes,
            execution.states,
        )  # fmt: skip
        if execution.threads == 1:
            forward(*given, scratches[0], values, False, 0, execution.chunks, ALL)
            return values, execution
        forward(*given, scratches[0], values, False, 0, 0, ALL)
        if not execution.by_tiles:
            share(
                execution.threads, execution.chunks,
                lambda worker, first, last: forward(*given, scratches[worker], values, True, first, last, ALL),
            )  # fmt: skip
            return values, execution
        parts = np.empty((execution.threads, *values.shape), self.dtype)

        def step(worker: int, c: int, window: Window) -> None:
            forward(*given, scratches[worker], parts[worker], True, c, c + 1, window)

        for c in range(execution.chunks):
            for number in range(execution.segments + 2):
                _share_step(execution.threads, c, number, step)
        return parts.sum(axis=0), execution

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
        scratches, sums = execution.scratches, execution.sums
        by_weight, by_input = np.empty(weights.shape), np.empty(inputs.shape if needed[0] else (0, 0))
        given = (
            execution.lanes, self._n, execution.packed, execution.numbers, inputs, self._floor(needed), states,
            gradient, by_weight, by_input,
        )  # fmt: skip
        if execution.threads == 1:
            backward(*given, scratches[0], sums[0], True, 0, execution.chunks, ALL)
            return by_input, by_weight, sums[0][_BY_AMPLITUDE]

        def step(worker: int, c: int, window: Window) -> None:
            backward(*given, scratches[worker], sums[worker], False, c, c + 1, window)

        if execution.by_tiles:
            _clear(execution)
            for c in range(execution.chunks):
                for number in range(execution.segments + 1, -1, -1):
                    _share_step(execution.threads, c, number, step)
                _gather(execution)
                step(0, c, (-1, 0, 0, 1))
        else:
            share(
                execution.threads, execution.chunks,
                lambda worker, first, last: backward(
                    *given, scratches[worker], sums[worker], False, first, last, ALL
                ),
            )  # fmt: skip
            _gather(execution)
        backward(*given, scratches[0], sums[0], True, 0, 0, ALL)
        return by_input, by_weight, sums[0][_BY_AMPLITUDE]

    def restored(self, inputs: Doubles, weights: Doubles, like: Execution) -> Execution:
        """Return the execution of a batch anew, laid out as ``like``, without its final states."""
        execution = self._execution(len(inputs), True, like.wanted_threads)
        none = np.empty((0, 0))
        forward(
            execution.lanes, self._n, execution.packed, execution.numbers, inputs, weights, none, execution.states,
            execution.scratches[0], none.astype(self.dtype), False, 0, 0, ALL,
        )  # fmt: skip
        return execution

    def _floor(self, needed: tuple[bool, bool]) -> tuple[int, int, int, int]:
        if needed not in self._floors:
            self._floors[needed] = self._plan.floor(*needed)
        return self._floors[needed]

    def _lanes(self, batch: int, threads: int) -> Lanes:
        wide = vector_bytes() // (2 * self.dtype.itemsize)
        return lanes_of(2 * (_NARROW if batch <= _NARROW or -(-batch // wide) < threads else wide))

    def _tile_bits(self, lanes: int) -> int:
        """Return how many bits a tile has for 2^lanes lanes."""
        return (_TILE_BYTES // self.dtype.itemsize).bit_length() - 1 - lanes

    def _pack(self, lanes: int) -> tuple[Packed, int]:
        """Return the circuit's tables for 2^lanes lanes, and the number of segments."""
        if lanes not in self._packed:
            steps, words = self._plan.steps(self._tile_bits(lanes))
            packed = pack(self._plan.angles, self._plan.stage_tables, steps, words, self.dtype)
            self._packed[lanes] = packed, len(steps.segments)
        return self._packed[lanes]

    def _execution(self, batch: int, keep: bool, wanted_threads: int) -> Execution:
        threads = wanted_threads if self._n >= _THREADS_FROM else 1
        key = (self, batch, keep, threads)
        found: Execution | None = POOL.take(key)
        if found is None:
            found = self._new_execution(batch, keep, threads)
        found.uses += 1
        return found

    def _new_execution(self, batch: int, keep: bool, threads: int) -> Execution:
        # phases that differ from sample to sample need all tiles of a chunk at once
        by_tiles = threads > 1 and self._n >= _TILES_FROM and not len(self._plan.stage_tables.own_terms)
        lanes = self._lanes(batch, 1 if by_tiles else threads)
        room = Workspace(self._plan, self.dtype, batch, lanes, self._tile_bits(len(lanes)))
        workers = threads if by_tiles else min(threads, room.chunks)
        packed, segments = self._pack(len(lanes))
        return Execution(
            (self, batch, keep, threads),
            lanes,
            packed,
            room.chunks,
            segments,
            threads,
            workers,
            by_tiles,
            tuple(room.numbers()),
            room.states(keep),
            [tuple(part) for part in room.scratches(keep, workers, by_tiles)],
            [tuple(part) for part in room.sums(workers if keep else 0)],
        )


def _share_step(threads: int, c: int, number: int, step: Step) -> None:
    """Do a step of a chunk in so many threads."""
    share(threads, threads, lambda worker, first, last: step(worker, c, (number, number + 1, worker, threads)))


def _gather(execution: Execution) -> None:
    """Add what the other threads found to the first one's sums, and clear theirs."""
    total, *others = execution.sums
    for other in others:
        for mine, more in zip(total[:_ADDED], other[:_ADDED], strict=True):
            np.add(mine, more, out=mine)
            more[:] = 0


def _clear(execution: Execution) -> None:
    """Clear all sums."""
    for part in execution.sums:
        for array in part[: _ADDED + 1]:
            array[:] = 0


@lru_cache(maxsize=64)
def executor(circuit: Circuit, observables: tuple[PauliWord, ...], dtype: torch.dtype) -> Executor:
    """Return the executor of a circuit; planned once, kept for later calls."""
    return Executor(circuit, observables, dtype)
