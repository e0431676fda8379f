"""Forward pass: chunks of as many samples as a vector has lanes, one after the other."""

from __future__ import annotations

import math

import numpy as np

from qlab.engine.compiled.ends import measure, product_state
from qlab.engine.compiled.jit import Array, Lanes, entry, kernel
from qlab.engine.compiled.moves import entangle, fetch, logical_row, turn_phases, walsh_lanes
from qlab.engine.compiled.tables import Numbers, Stages, Steps, Tables, Words
from qlab.engine.compiled.tiles import rotate_lanes, rotate_one, rotate_three, rotate_two


@entry
def forward(
    lanes: Lanes,
    first: int,
    last: int,
    n: int,
    stage_tables: Tables,
    step_tables: Tables,
    word_tables: Tables,
    number_tables: Tables,
    amplitudes: Array,
    states: Array,
    keep: bool,
    spare: Array,
    block: Array,
    turns: Array,
    values: Array,
) -> None:
    """Fill ``values`` (B, K) of the samples in chunks ``first`` to ``last`` - 1.

    Args:
        lanes: twice as many as samples in a chunk.
        first: first chunk.
        last: behind the last chunk.
        n: number of qubits.
        stage_tables: the circuit's ``Stages``.
        step_tables: its ``Steps``.
        word_tables: its ``Words``.
        number_tables: the ``Numbers`` of the execution.
        amplitudes: (B, 2^n) normalised, doubles; empty where the first state is a product state.
        states: (C, 2^n V), or (1, 2^n V) where final states are not kept.
        keep: whether final states are kept.
        spare: (2^n V,), scratch.
        block: scratch for a block of rows.
        turns: (2^n V,), scratch; empty where no phase differs from sample to sample.
        values: filled.
    """
    stages, steps = Stages(*stage_tables), Steps(*step_tables)
    words, numbers = Words(*word_tables), Numbers(*number_tables)
    width, batch = 1 << len(lanes) >> 1, values.shape[0]
    found = np.empty((values.shape[1], 2 * width))
    for c in range(first, last):
        home = states[c] if keep else states[0]
        _chunk(lanes, c, n, stages, steps, words, numbers, amplitudes, home, spare, block, turns, found)
        for lane in range(min(width, batch - c * width)):
            values[c * width + lane] = found[:, lane] + found[:, width + lane]


@kernel
def _chunk(
    lanes: Lanes,
    c: int,
    n: int,
    stages: Stages,
    steps: Steps,
    words: Words,
    numbers: Numbers,
    amplitudes: Array,
    home: Array,
    spare: Array,
    block: Array,
    turns: Array,
    found: Array,
) -> None:
    """Execute one chunk: its final state to ``home``, its values (K, V) to ``found``."""
    segments, own_starts = steps.segments, stages.own_starts
    sample, matrices = c << len(lanes) >> 1, numbers.matrices[c].reshape(-1)
    old, new = (home, spare) if segments.shape[0] % 2 == 0 else (spare, home)
    if amplitudes.size:
        _embed(old, amplitudes, sample, 1 << len(lanes) >> 1)
    else:
        product_state(lanes, old, matrices, n)
    for g in range(segments.shape[0]):
        s, own = segments[g, 0], own_starts[segments[g, 0]] < own_starts[segments[g, 0] + 1]
        if own and segments[g, 1]:
            fill_turns(lanes, turns, stages, s, numbers.slots, sample, n)
        _advance(
            lanes, n, segments, g, steps.operations, old, new, stages.sources[stages.network_of[s]], numbers.flips[s],
            numbers.phases[s], own, turns, numbers.tangents, matrices,
        )  # fmt: skip
        old, new = new, old
    measure(lanes, home, n, words.groups, words.words, words.signs, block, found)


@kernel
def _embed(state: Array, amplitudes: Array, sample: int, width: int) -> None:
    state[:] = 0
    for lane in range(width):
        row = amplitudes[min(sample + lane, amplitudes.shape[0] - 1)]
        for j in range(row.size):
            state[2 * width * j + lane] = row[j]


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
    n: int,
    segments: Array,
    g: int,
    operations: Array,
    old: Array,
    new: Array,
    source: Array,
    flips: int,
    phase: Array,
    own: bool,
    turns: Array,
    tangents: Array,
    matrices: Array,
) -> None:
    """Execute a segment on all tiles, from ``old`` to ``new``."""
    low, bits = segments[g, 2], segments[g, 3]
    old_low, old_bits = (segments[g - 1, 2], segments[g - 1, 3]) if g else (0, n)
    rows = 1 << bits
    for t in range(1 << (n - bits)):
        at, base = t << bits, logical_row(t, low, bits)
        if segments[g, 1]:
            entangle(lanes, new, at, base, low, bits, old, old_low, old_bits, source, flips, phase)
            if own:
                turn_phases(lanes, new, at, rows, base, low, flips, turns, 1.0)
        else:
            fetch(lanes, new, at, base, low, bits, old, old_low, old_bits)
        for o in range(segments[g, 4], segments[g, 5]):
            _rotate(lanes, operations, o, new, at, rows, tangents, matrices)


@kernel
def _rotate(
    lanes: Lanes, operations: Array, o: int, x: Array, at: int, rows: int, tangents: Array, matrices: Array
) -> None:
    count, bit = operations[o, 0], operations[o, 1]
    i, j, k = operations[o, 2], operations[o, 3], operations[o, 4]
    if count == 3:
        rotate_three(lanes, x, at, rows, bit, tangents[i], tangents[j], tangents[k])
    elif count == 2:
        rotate_two(lanes, x, at, rows, bit, tangents[i], tangents[j])
    elif count == 1:
        rotate_one(lanes, x, at, rows, bit, tangents[i])
    else:
        rotate_lanes(lanes, x, at, rows, bit, matrices, 4 * i, 1.0)
