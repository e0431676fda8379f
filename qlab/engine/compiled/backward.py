"""Backward pass: psi and lambda are un-computed together (arXiv:2009.02823), chunk by chunk."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qlab.engine.compiled.chain_rule import through_pieces
from qlab.engine.compiled.ends import adjoint, contract
from qlab.engine.compiled.forward import fill_turns
from qlab.engine.compiled.jit import Array, Lanes, entry, helper, kernel
from qlab.engine.compiled.moves import (
    density_blocks,
    density_lanes,
    density_rows,
    disentangle,
    fetch,
    imaginary,
    logical_row,
    turn_phases,
    walsh_lanes,
)
from qlab.engine.compiled.tables import Angles, Numbers, Stages, Steps, Sums, Tables, Words
from qlab.engine.compiled.tiles import correlate, difference, rotate_lanes, undo_one, undo_two


class Scratch(NamedTuple):
    """Working memory of one thread; W lanes.

    Attributes:
        psi: (2, 2^n V), where the state goes to and fro.
        lam: (2, 2^n V), the same for its gradient.
        block: scratch for a block of rows, or a row per word.
        turns: (2, 2^n V or 0), phases that differ from sample to sample, and densities.
    """

    psi: Array
    lam: Array
    block: Array
    turns: Array


@entry
def backward(
    lanes: Lanes,
    first: int,
    last: int,
    n: int,
    angle_tables: Tables,
    stage_tables: Tables,
    step_tables: Tables,
    word_tables: Tables,
    number_tables: Tables,
    floor: tuple[int, int, int, int],
    states: Array,
    gradient: Array,
    scratch_tables: Tables,
    sum_tables: Tables,
) -> None:
    """Add up what chunks ``first`` to ``last`` - 1 contribute to the gradients.

    Args:
        lanes: twice as many as samples in a chunk.
        first: first chunk.
        last: behind the last chunk.
        n: number of qubits.
        angle_tables: the circuit's ``Angles``.
        stage_tables: its ``Stages``.
        step_tables: its ``Steps``.
        word_tables: its ``Words``.
        number_tables: the ``Numbers`` of the execution.
        floor: see ``Plan.floor``.
        states: (C, 2^n V), final states.
        gradient: (B, K), by the values.
        scratch_tables: the ``Scratch`` of this thread.
        sum_tables: its ``Sums``.
    """
    angles, stages, steps = Angles(*angle_tables), Stages(*stage_tables), Steps(*step_tables)
    words, numbers = Words(*word_tables), Numbers(*number_tables)
    scratch, sums = Scratch(*scratch_tables), Sums(*sum_tables)
    width = 1 << len(lanes) >> 1
    sums.by_xy[:], sums.blocks[:], sums.bits[:], sums.by_term[:], sums.by_run[:] = 0, 0, 0, 0, 0
    sums.by_slot[first * width : last * width] = 0
    weights = _weights(steps, numbers, floor[1])
    by_lane = np.empty((numbers.matrices.shape[1], 3, 2 * width), states.dtype)
    by_value, p = np.empty((gradient.shape[1], 2 * width), states.dtype), np.empty(3)
    for c in range(first, last):
        batch = min(width, gradient.shape[0] - c * width)
        by_lane[:], by_value[:] = 0, 0
        for lane in range(batch):
            by_value[:, lane] = gradient[c * width + lane]
            by_value[:, width + lane] = gradient[c * width + lane]
        adjoint(
            lanes, states[c], scratch.psi[0], scratch.lam[0], n, words.groups, words.words, words.signs,
            by_value.reshape(-1), scratch.block,
        )  # fmt: skip
        _chunk(lanes, c, batch, n, stages, steps, numbers, floor, scratch, sums, weights, by_lane.reshape(-1))
        for lane in range(batch):
            for i in range(floor[3], by_lane.shape[0]):
                for axis in range(3):
                    p[axis] = by_lane[i, axis, lane] + by_lane[i, axis, width + lane]
                b = c * width + lane
                through_pieces(angles, i, numbers.slots[b], numbers.merged, p, sums.by_run, sums.by_slot[b])


@kernel
def _chunk(
    lanes: Lanes,
    c: int,
    batch: int,
    n: int,
    stages: Stages,
    steps: Steps,
    numbers: Numbers,
    floor: tuple[int, int, int, int],
    scratch: Scratch,
    sums: Sums,
    weights: Array,
    by_lane: Array,
) -> None:
    """Un-compute the states of one chunk; add to ``sums``, and to ``by_lane`` what differs from sample to sample."""
    segments, own_starts = steps.segments, stages.own_starts
    sample, side, matrices = c << len(lanes) >> 1, 0, numbers.matrices[c].reshape(-1)
    for g in range(segments.shape[0] - 1, -1, -1):
        s, own = segments[g, 0], own_starts[segments[g, 0]] < own_starts[segments[g, 0] + 1]
        if s < floor[0]:
            break
        behind = segments[min(g + 1, segments.shape[0] - 1), 0]
        side ^= g + 1 < segments.shape[0]
        if own and segments[g, 1]:
            fill_turns(lanes, scratch.turns[0], stages, s, numbers.slots, sample, n)
        term = sums.by_term[s] if sums.by_term.shape[0] else sums.by_term.reshape(-1)
        _retreat(
            lanes, n, segments, g, steps.operations, weights, s >= floor[1], s >= floor[2],
            scratch.psi[side], scratch.lam[side], scratch.psi[1 - side], scratch.lam[1 - side],
            stages.targets[stages.network_of[behind]], numbers.flips[behind], numbers.phases[behind],
            scratch.turns[0], scratch.turns[1], numbers.flips[s], numbers.scales[s], own, numbers.tangents, matrices,
            by_lane, sums.by_xy, sums.blocks[s], sums.bits[s], term,
        )  # fmt: skip
        if own and segments[g, 1]:
            _own_phases(lanes, stages, s, sample, batch, n, scratch.turns[1], sums.by_slot)
    if floor[2] > 0:
        return
    if segments.shape[0]:
        side ^= 1
        disentangle(
            lanes, scratch.psi[side], scratch.lam[side], 0, 0, 0, n, scratch.psi[1 - side], scratch.lam[1 - side],
            segments[0, 2], segments[0, 3], stages.targets[stages.network_of[0]], numbers.flips[0], numbers.phases[0],
        )  # fmt: skip
    _first_state(lanes, n, scratch.psi[side], scratch.lam[side], sample, batch, matrices, by_lane, sums.by_amplitude)


@helper
def _weights(steps: Steps, numbers: Numbers, first_undone: int) -> Array:
    """Return for each operation what its correlations lack.

    Rotations are undone without their cosines, so that both states grow; the weight is the product of the squared
    cosines of what is undone before.
    """
    weights = np.ones(steps.operations.shape[0])
    weight, stage = 1.0, -1
    for g in range(steps.segments.shape[0] - 1, -1, -1):
        if steps.segments[g, 0] != stage:
            weight, stage = 1.0, steps.segments[g, 0]
        for o in range(steps.segments[g, 5], steps.segments[g, 6]):
            weights[o] = weight
            for k in range(steps.operations[o, 0] if stage >= first_undone else 0):
                weight *= numbers.frames[steps.operations[o, 2 + k], 1]
    return weights


@kernel
def _retreat(
    lanes: Lanes,
    n: int,
    segments: Array,
    g: int,
    operations: Array,
    weights: Array,
    undo: bool,
    leave: bool,
    psi: Array,
    lam: Array,
    later_psi: Array,
    later_lam: Array,
    target: Array,
    later_flips: int,
    later_phase: Array,
    turns: Array,
    densities: Array,
    flips: int,
    scale: float,
    own: bool,
    tangents: Array,
    matrices: Array,
    by_lane: Array,
    by_xy: Array,
    blocks: Array,
    z_bits: Array,
    by_term: Array,
) -> None:
    """Undo a segment on all tiles: rotations where ``undo``; of the entangler what is not left to the segment before.

    States come from the segment behind, with its entangler undone. The last one's are here already.
    """
    low, bits, rows = segments[g, 2], segments[g, 3], 1 << segments[g, 3]
    for t in range(1 << (n - bits)):
        at, base = t << bits, logical_row(t, low, bits)
        if g + 1 < segments.shape[0]:
            later_low, later_bits = segments[g + 1, 2], segments[g + 1, 3]
            if segments[g + 1, 1]:
                disentangle(
                    lanes, psi, lam, at, base, low, bits, later_psi, later_lam, later_low, later_bits, target,
                    later_flips, later_phase,
                )  # fmt: skip
            else:
                fetch(lanes, psi, at, base, low, bits, later_psi, later_low, later_bits)
                fetch(lanes, lam, at, base, low, bits, later_lam, later_low, later_bits)
        if segments[g, 7]:
            _z_densities(lanes, psi, lam, at, rows, blocks, z_bits)
        for o in range(segments[g, 5], segments[g, 6]):
            _unrotate(lanes, operations, o, psi, lam, at, rows, tangents, matrices, weights[o], undo, by_lane, by_xy)
        if segments[g, 1] and by_term.size:
            density_rows(lanes, psi, lam, at, rows, base, low, flips, scale, by_term)
        if segments[g, 1] and own:
            density_lanes(lanes, psi, lam, at, rows, base, low, flips, scale, densities)
            if leave:
                turn_phases(lanes, psi, at, rows, base, low, flips, turns, -1.0)
                turn_phases(lanes, lam, at, rows, base, low, flips, turns, -1.0)


@kernel
def _z_densities(lanes: Lanes, psi: Array, lam: Array, at: int, rows: int, blocks: Array, bits: Array) -> None:
    """As ``density_blocks``, also where the state has fewer than eight rows."""
    if rows >= 8:
        density_blocks(lanes, psi, lam, at, rows, blocks, bits)
        return
    for r in range(at, at + rows):
        here = difference(lanes, psi, imaginary(lanes, psi, lam, r))
        for bit in range(3):
            bits[bit] += -here if r >> bit & 1 else here


@kernel
def _unrotate(
    lanes: Lanes,
    operations: Array,
    o: int,
    psi: Array,
    lam: Array,
    at: int,
    rows: int,
    tangents: Array,
    matrices: Array,
    weight: float,
    undo: bool,
    by_lane: Array,
    by_xy: Array,
) -> None:
    """Take the correlations behind an operation, then undo it."""
    count, bit, i, j = operations[o, 0], operations[o, 1], operations[o, 2], operations[o, 3]
    none = tangents.size - 1  # a rotation that undoes nothing
    if count == 2:
        t0, t1 = tangents[i if undo else none], tangents[j if undo else none]
        undo_two(lanes, psi, lam, at, rows, bit, t0, t1, weight, by_xy, i, j)
    elif count == 1:
        undo_one(lanes, psi, lam, at, rows, bit, tangents[i if undo else none], weight, by_xy, i)
    else:
        correlate(lanes, psi, lam, at, rows, bit, psi.dtype.type(weight), by_lane, 3 * i)
        if undo:
            rotate_lanes(lanes, psi, at, rows, bit, matrices, 4 * i, -1.0)
            rotate_lanes(lanes, lam, at, rows, bit, matrices, 4 * i, -1.0)


@kernel
def _own_phases(
    lanes: Lanes, stages: Stages, s: int, sample: int, batch: int, n: int, densities: Array, by_slot: Array
) -> None:
    """Add the gradients by the phases of a stage that differ from sample to sample."""
    walsh_lanes(lanes, densities, n)
    for k in range(stages.own_starts[s], stages.own_starts[s + 1]):
        mask, slot = stages.own_terms[k, 0], stages.own_terms[k, 1]
        for lane in range(batch):
            place = (mask << len(lanes)) + lane
            by_slot[sample + lane, slot] -= 2 * (densities[place] + densities[place + (1 << len(lanes) >> 1)])


@kernel
def _first_state(
    lanes: Lanes,
    n: int,
    psi: Array,
    lam: Array,
    sample: int,
    batch: int,
    matrices: Array,
    by_lane: Array,
    by_amplitude: Array,
) -> None:
    """Add the gradients by the first state: its amplitudes, or the rotations of the product state."""
    if by_amplitude.size:
        for lane in range(batch):
            for j in range(1 << n):
                by_amplitude[sample + lane, j] = 2 * lam[(j << len(lanes)) + lane]
        return
    for bit in range(n - 1, -1, -1):
        correlate(lanes, psi, lam, 0, 2 << bit, bit, psi.dtype.type(1), by_lane, 3 * bit)
        contract(lanes, psi, matrices, bit)
        contract(lanes, lam, matrices, bit)
