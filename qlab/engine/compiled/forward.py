"""Forward pass: chunks of as many samples as a vector has lanes, one after the other."""

from __future__ import annotations

import math

import numpy as np

from qlab.engine.compiled.coefficients import prepare
from qlab.engine.compiled.first_state import fill_first_state
from qlab.engine.compiled.jit import Array, Lanes, entry, kernel
from qlab.engine.compiled.measurement import measure
from qlab.engine.compiled.moves import entangle, fetch, logical_row, turn_phases, walsh_lanes
from qlab.engine.compiled.packing import Packed, unpack
from qlab.engine.compiled.tables import Numbers, Scratch, Stages, Steps, Tables
from qlab.engine.compiled.tiles import rotate_lanes, rotate_one, rotate_three, rotate_two
from qlab.engine.compiled.windows import Window, part


@entry
def forward(
    lanes: Lanes,
    n: int,
    packed: Packed,
    number_tables: Tables,
    inputs: Array,
    weights: Array,
    amplitudes: Array,
    states: Array,
    scratch_tables: Tables,
    values: Array,
    ready: bool,
    first: int,
    last: int,
    window: Window,
) -> None:
    """Fill ``values`` (B, K) of the samples in chunks ``first`` to ``last`` - 1, or the part that the window adds.

    Step 0 makes the first state, steps 1 to G execute the segments, step G + 1 measures.

    Args:
        lanes: twice as many as samples in a chunk.
        n: number of qubits.
        packed: the circuit's tables.
        number_tables: the ``Numbers`` of the execution.
        inputs: (B, n_inputs), doubles.
        weights: (n_weights,), doubles.
        amplitudes: (B, 2^n) normalised, doubles; empty where the first state is a product state.
        states: (C, 2^n V), filled; (0, 2^n V) where final states are not kept.
        scratch_tables: the ``Scratch`` of this thread.
        values: filled.
        ready: whether the numbers follow from inputs and weights already; otherwise they are filled first.
        first: first chunk.
        last: behind the last chunk.
        window: which steps are to be done, and which part of them.
    """
    angles, stages, steps, words = unpack(packed)
    numbers, scratch = Numbers(*number_tables), Scratch(*scratch_tables)
    if not ready:
        prepare(lanes, angles, stages, n, inputs, weights, numbers)
    width, batch, size = 1 << len(lanes) >> 1, values.shape[0], 1 << (n + len(lanes))
    together, found = scratch.psi.shape[1] // size, np.empty((values.shape[1], 2 * width))
    kept = states.reshape(-1)
    for c in range(first, last, together):
        count = min(together, last - c)
        home = kept[c * size : (c + count) * size] if kept.size else scratch.lam[0]
        _chunks(lanes, c, count, n, stages, steps, numbers, amplitudes, home, scratch.psi[0], scratch.turns[0], window)
        for k in range(count if window[1] > steps.segments.shape[0] + 1 else 0):
            measure(lanes, home, k << n, n, words.groups, words.words, words.signs, scratch.block, found, window)
            sample = (c + k) * width
            for lane in range(min(width, batch - sample)):
                for word in range(values.shape[1]):
                    values[sample + lane, word] = found[word, lane] + found[word, width + lane]


@kernel
def _chunks(
    lanes: Lanes,
    c: int,
    count: int,
    n: int,
    stages: Stages,
    steps: Steps,
    numbers: Numbers,
    amplitudes: Array,
    home: Array,
    spare: Array,
    turns: Array,
    window: Window,
) -> None:
    """Execute ``count`` chunks together: their final states, one behind the other, to ``home``."""
    segments, matrices, stride = steps.segments, numbers.matrices.reshape(-1), 4 * numbers.matrices.shape[1]
    old = home if segments.shape[0] % 2 == 0 else spare
    if window[0] <= 0:
        fill_first_state(lanes, c, count, n, numbers.matrices, amplitudes, old, window)
    for g in range(max(window[0] - 1, 0), min(window[1] - 1, segments.shape[0])):
        s, is_home = segments[g, 0], (segments.shape[0] - g) % 2
        old, new = (spare, home) if is_home else (home, spare)
        _advance(
            lanes, c, count, n, segments, g, steps.operations, old, new, stages, s,
            stages.sources[stages.network_of[s]], numbers.flips[s], numbers.phases[s], numbers.slots, turns,
            numbers.tangents, matrices, stride, window,
        )  # fmt: skip


@kernel
def fill_turns(lanes: Lanes, turns: Array, stages: Stages, s: int, slots: Array, sample: int, n: int) -> None:
    """Fill ``turns`` with the angles, in units of pi, of a stage's phases that differ from sample to sample.

    Coefficients are taken modulo pi: that changes a global phase only, and keeps the sums small.
    """
    width = 1 << len(lanes) >> 1
    turns[:] = 0
    for k in range(stages.own_starts[s], stages.own_starts[s + 1]):
        mask, slot = stages.own_terms[k, 0], stages.own_terms[k, 1]
        for lane in range(width):
            angle = slots[min(sample + lane, slots.shape[0] - 1), slot] / math.pi
            turns[2 * mask * width + lane] += angle - np.rint(angle)
            turns[(2 * mask + 1) * width + lane] = turns[2 * mask * width + lane]
    walsh_lanes(lanes, turns, n)


@kernel
def _advance(
    lanes: Lanes,
    c: int,
    count: int,
    n: int,
    segments: Array,
    g: int,
    operations: Array,
    old: Array,
    new: Array,
    stages: Stages,
    s: int,
    source: Array,
    flips: int,
    phase: Array,
    slots: Array,
    turns: Array,
    tangents: Array,
    matrices: Array,
    stride: int,
    window: Window,
) -> None:
    """Execute a segment on tiles, from ``old`` to ``new``; several chunks have one tile each."""
    low, bits = segments[g, 2], segments[g, 3]
    old_low, old_bits = (segments[g - 1, 2], segments[g - 1, 3]) if g else (0, n)
    own, (first, last) = stages.own_starts[s] < stages.own_starts[s + 1], part(window, 1 << (n - bits))
    for t in range(first, last):
        base = logical_row(t, low, bits)
        for k in range(count):
            home, at = k << n, (k << n) + (t << bits)
            if not segments[g, 1]:
                fetch(lanes, new, home, at, base, low, bits, old, old_low, old_bits)
                continue
            entangle(lanes, new, home, at, base, low, bits, old, old_low, old_bits, source, flips, phase)
            if own:
                if t == 0:
                    fill_turns(lanes, turns, stages, s, slots, (c + k) << len(lanes) >> 1, n)
                turn_phases(lanes, new, at, 1 << bits, base, low, flips, turns, 1.0)
        for o in range(segments[g, 4], segments[g, 5]):
            _rotate(lanes, operations, o, new, t << bits, count, bits, tangents, matrices, c * stride, stride)


@kernel
def _rotate(
    lanes: Lanes,
    operations: Array,
    o: int,
    x: Array,
    at: int,
    count: int,
    bits: int,
    tangents: Array,
    matrices: Array,
    first: int,
    stride: int,
) -> None:
    """Rotate the tile of each of ``count`` chunks, whose matrices begin at row ``first`` and every ``stride`` rows."""
    kind, bit, rows = operations[o, 0], operations[o, 1], count << bits
    i, j, k = operations[o, 2], operations[o, 3], operations[o, 4]
    if kind == 3:
        rotate_three(lanes, x, at, rows, bit, tangents[i], tangents[j], tangents[k])
    elif kind == 2:
        rotate_two(lanes, x, at, rows, bit, tangents[i], tangents[j])
    elif kind == 1:
        rotate_one(lanes, x, at, rows, bit, tangents[i])
    else:
        for chunk in range(count):
            row = first + chunk * stride + 4 * i
            rotate_lanes(lanes, x, at + (chunk << bits), 1 << bits, bit, matrices, row, 1.0)
