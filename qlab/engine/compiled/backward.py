"""Backward pass: psi and lambda are un-computed together (arXiv:2009.02823), chunk by chunk."""

from __future__ import annotations

import numpy as np

from qlab.engine.compiled.chain_rule import finish, through_pieces
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
from qlab.engine.compiled.packing import Packed, unpack
from qlab.engine.compiled.tables import Angles, Numbers, Scratch, Stages, Steps, Sums, Tables, Window, Words
from qlab.engine.compiled.tiles import correlate, difference, rotate_lanes, undo_one, undo_two


@entry
def backward(
    lanes: Lanes,
    first: int,
    last: int,
    n: int,
    packed: Packed,
    number_tables: Tables,
    floor: tuple[int, int, int, int],
    states: Array,
    gradient: Array,
    scratch_tables: Tables,
    sum_tables: Tables,
    inputs: Array,
    last_of_all: bool,
    by_weight: Array,
    by_input: Array,
    window: Window,
) -> None:
    """Add up what chunks ``first`` to ``last`` - 1 contribute to the gradients.

    Steps are those of ``forward``, from the last to the first. Sums begin anew where all steps are to be done.

    Args:
        lanes: twice as many as samples in a chunk.
        first: first chunk.
        last: behind the last chunk.
        n: number of qubits.
        packed: the circuit's tables.
        number_tables: the ``Numbers`` of the execution.
        floor: see ``Plan.floor``.
        states: (C, 2^n V), final states.
        gradient: (B, K), by the values.
        scratch_tables: the ``Scratch`` of this thread.
        sum_tables: its ``Sums``.
        inputs: (B, n_inputs), those of the execution.
        last_of_all: whether the sums are then those of the whole batch, and the gradients are to be filled.
        by_weight: (n_weights,), gradient by weights.
        by_input: (B, n_inputs), gradient by inputs; empty where it is not wanted.
        window: which steps are to be done, and of segments which part of the tiles.
    """
    angles, stages, steps, words = unpack(packed)
    numbers, scratch, sums = Numbers(*number_tables), Scratch(*scratch_tables), Sums(*sum_tables)
    if first < last:
        _sum_up(
            lanes, first, last, n, angles, stages, steps, words, numbers, floor, states, gradient, scratch, sums, window
        )
    if last_of_all:
        finish(angles, stages, steps.places, n, inputs, numbers, sums, by_weight, by_input)


@helper
def _sum_up(
    lanes: Lanes,
    first: int,
    last: int,
    n: int,
    angles: Angles,
    stages: Stages,
    steps: Steps,
    words: Words,
    numbers: Numbers,
    floor: tuple[int, int, int, int],
    states: Array,
    gradient: Array,
    scratch: Scratch,
    sums: Sums,
    window: Window,
) -> None:
    """Fill ``sums`` with what these chunks contribute."""
    width, size, at_end = 1 << len(lanes) >> 1, 1 << (n + len(lanes)), window[1] > steps.segments.shape[0] + 1
    if window[0] == 0 and at_end:
        sums.by_xy[:], sums.blocks[:], sums.bits[:], sums.by_term[:], sums.by_run[:] = 0, 0, 0, 0, 0
        sums.by_slot[first * width : last * width] = 0
    together, lacking = scratch.psi.shape[1] // size, _lacking(steps, numbers, floor[1])
    by_value, kept = np.empty(gradient.shape[1] * 2 * width, states.dtype), states.reshape(-1)
    for c in range(first, last, together):
        count = min(together, last - c)
        for k in range(count if at_end else 0):
            _spread(gradient, (c + k) * width, width, by_value)
            adjoint(
                lanes, kept[c * size : (c + count) * size], scratch.psi[0], scratch.lam[0], k << n, n, words.groups,
                words.words, words.signs, by_value, scratch.block,
            )  # fmt: skip
        if at_end:
            sums.by_lane[:] = 0
        _chunks(
            lanes, c, count, min(count * width, gradient.shape[0] - c * width), n, stages, steps, numbers, floor,
            scratch, sums, lacking, sums.by_lane.reshape(-1), window,
        )  # fmt: skip
        if window[0] == 0:
            _through_lanes(angles, numbers, floor[3], c * width, gradient.shape[0], sums.by_lane[:count], sums)


@kernel
def _spread(gradient: Array, sample: int, width: int, out: Array) -> None:
    """Fill row k of ``out`` with the gradients by value k of samples from ``sample`` on, in both halves."""
    batch = gradient.shape[0] - sample
    for k in range(gradient.shape[1]):
        for lane in range(width):
            found = gradient[sample + lane, k] if lane < batch else gradient.dtype.type(0)
            out[2 * k * width + lane] = found
            out[(2 * k + 1) * width + lane] = found


@helper
def _through_lanes(
    angles: Angles, numbers: Numbers, first: int, sample: int, batch: int, by_lane: Array, sums: Sums
) -> None:
    """Spread correlations (chunks, Q, 3, V) behind merged rotations from ``first`` on over their pieces."""
    width, p = by_lane.shape[3] >> 1, np.empty(3)
    for k in range(by_lane.shape[0] if first < by_lane.shape[1] else 0):
        for lane in range(min(width, batch - sample - k * width)):
            b = sample + k * width + lane
            turns = angles.axes.shape[0] + b * angles.own_axes.shape[0]
            for i in range(first, by_lane.shape[1]):
                for axis in range(3):
                    p[axis] = by_lane[k, i, axis, lane] + by_lane[k, i, axis, width + lane]
                through_pieces(angles, i, turns, numbers.turns, numbers.merged, p, sums.by_run, sums.by_slot[b])


@kernel
def _chunks(
    lanes: Lanes,
    c: int,
    count: int,
    batch: int,
    n: int,
    stages: Stages,
    steps: Steps,
    numbers: Numbers,
    floor: tuple[int, int, int, int],
    scratch: Scratch,
    sums: Sums,
    lacking: Array,
    by_lane: Array,
    window: Window,
) -> None:
    """Un-compute the states of ``count`` chunks together, which have ``batch`` samples.

    Adds to ``sums``, and to ``by_lane`` what differs from sample to sample.
    """
    segments, matrices = steps.segments, numbers.matrices.reshape(-1)
    for g in range(min(window[1] - 1, segments.shape[0]) - 1, max(window[0] - 1, 0) - 1, -1):
        s = segments[g, 0]
        if s < floor[0]:
            break
        behind = segments[min(g + 1, segments.shape[0] - 1), 0]
        side = (segments.shape[0] - 1 - g) % 2
        term = sums.by_term[s] if sums.by_term.shape[0] else sums.by_term.reshape(-1)
        _retreat(
            lanes, c, count, batch, n, stages, steps, g, numbers, matrices, lacking, s >= floor[1], s >= floor[2],
            scratch.psi[side], scratch.lam[side], scratch.psi[1 - side], scratch.lam[1 - side],
            stages.targets[stages.network_of[behind]], numbers.flips[behind], numbers.phases[behind],
            scratch.turns[0], scratch.turns[1], by_lane, sums.by_xy, sums.blocks[s], sums.bits[s], term, sums.by_slot,
            window,
        )  # fmt: skip
    if floor[2] > 0 or window[0] > 0:
        return
    side = segments.shape[0] % 2
    if segments.shape[0]:
        for k in range(count):
            disentangle(
                lanes, scratch.psi[side], scratch.lam[side], k << n, k << n, 0, 0, n, scratch.psi[1 - side],
                scratch.lam[1 - side], segments[0, 2], segments[0, 3], stages.targets[stages.network_of[0]],
                numbers.flips[0], numbers.phases[0],
            )  # fmt: skip
    stride = numbers.matrices.shape[1]
    for k in range(count):
        _first_state(
            lanes, n, scratch.psi[side], scratch.lam[side], k << n, batch - (k << len(lanes) >> 1),
            (c + k) << len(lanes) >> 1, matrices, 4 * (c + k) * stride, by_lane, 3 * k * stride, sums.by_amplitude,
        )  # fmt: skip


@helper
def _lacking(steps: Steps, numbers: Numbers, first_undone: int) -> Array:
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
                weight *= numbers.frames[steps.operations[o, 2 + k], 2]
    return weights


@kernel
def _retreat(
    lanes: Lanes,
    c: int,
    count: int,
    batch: int,
    n: int,
    stages: Stages,
    steps: Steps,
    g: int,
    numbers: Numbers,
    matrices: Array,
    lacking: Array,
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
    by_lane: Array,
    by_xy: Array,
    blocks: Array,
    z_bits: Array,
    by_term: Array,
    by_slot: Array,
    window: Window,
) -> None:
    """Undo a segment on tiles: rotations where ``undo``; of the entangler what is not left to the segment before.

    States come from the segment behind, with its entangler undone. The last one's are here already.
    """
    segments, s = steps.segments, steps.segments[g, 0]
    low, bits, rows, tiles = segments[g, 2], segments[g, 3], 1 << segments[g, 3], 1 << (n - segments[g, 3])
    own = stages.own_starts[s] < stages.own_starts[s + 1]
    for t in range(window[2] * tiles // window[3], (window[2] + 1) * tiles // window[3]):
        base = logical_row(t, low, bits)
        for k in range(count):
            home, at = k << n, (k << n) + (t << bits)
            if g + 1 < segments.shape[0]:
                later_low, later_bits = segments[g + 1, 2], segments[g + 1, 3]
                if segments[g + 1, 1]:
                    disentangle(
                        lanes, psi, lam, home, at, base, low, bits, later_psi, later_lam, later_low, later_bits,
                        target, later_flips, later_phase,
                    )  # fmt: skip
                else:
                    fetch(lanes, psi, home, at, base, low, bits, later_psi, later_low, later_bits)
                    fetch(lanes, lam, home, at, base, low, bits, later_lam, later_low, later_bits)
            if segments[g, 7]:
                _z_densities(lanes, psi, lam, home, at, rows, blocks, z_bits)
        for o in range(segments[g, 5], segments[g, 6]):
            _unrotate(
                lanes, steps.operations, o, psi, lam, t << bits, count, bits, numbers, matrices, c, lacking[o], undo,
                by_lane, by_xy,
            )  # fmt: skip
        for k in range(count if segments[g, 1] else 0):
            at, sample = (k << n) + (t << bits), (c + k) << len(lanes) >> 1
            if by_term.size:
                density_rows(
                    lanes, psi, lam, at, rows, base, low, numbers.flips[s], numbers.scales[s], by_term
                )  # fmt: skip
            if own:
                density_lanes(lanes, psi, lam, at, rows, base, low, numbers.flips[s], numbers.scales[s], densities)
                if leave:
                    if t == 0:
                        fill_turns(lanes, turns, stages, s, numbers.slots, sample, n)
                    turn_phases(lanes, psi, at, rows, base, low, numbers.flips[s], turns, -1.0)
                    turn_phases(lanes, lam, at, rows, base, low, numbers.flips[s], turns, -1.0)
                if t == tiles - 1:
                    _own_phases(lanes, stages, s, sample, batch - (k << len(lanes) >> 1), n, densities, by_slot)


@kernel
def _z_densities(
    lanes: Lanes, psi: Array, lam: Array, home: int, at: int, rows: int, blocks: Array, bits: Array
) -> None:
    """As ``density_blocks``, also for tiles of fewer than eight rows."""
    if rows >= 8:
        density_blocks(lanes, psi, lam, home, at, rows, blocks, bits)
        return
    for r in range(at, at + rows):
        here = difference(lanes, psi, imaginary(lanes, psi, lam, r))
        for bit in range(3):
            bits[bit] += -here if (r - home) >> bit & 1 else here
        blocks[(r - home) >> 3] += here


@kernel
def _unrotate(
    lanes: Lanes,
    operations: Array,
    o: int,
    psi: Array,
    lam: Array,
    at: int,
    count: int,
    bits: int,
    numbers: Numbers,
    matrices: Array,
    c: int,
    weight: float,
    undo: bool,
    by_lane: Array,
    by_xy: Array,
) -> None:
    """Take the correlations behind an operation on a tile of each of ``count`` chunks, then undo it."""
    kind, bit, i, j = operations[o, 0], operations[o, 1], operations[o, 2], operations[o, 3]
    tangents, stride = numbers.tangents, numbers.matrices.shape[1]
    none = tangents.size - 1  # a rotation that undoes nothing
    if kind == 2:
        t0, t1 = tangents[i if undo else none], tangents[j if undo else none]
        undo_two(lanes, psi, lam, at, count << bits, bit, t0, t1, weight, by_xy, i, j)
    elif kind == 1:
        undo_one(lanes, psi, lam, at, count << bits, bit, tangents[i if undo else none], weight, by_xy, i)
    else:
        for k in range(count):
            here, row = at + (k << bits), 4 * ((c + k) * stride + i)
            correlate(
                lanes, psi, lam, here, 1 << bits, bit, psi.dtype.type(weight), by_lane, 3 * (k * stride + i)
            )  # fmt: skip
            if undo:
                rotate_lanes(lanes, psi, here, 1 << bits, bit, matrices, row, -1.0)
                rotate_lanes(lanes, lam, here, 1 << bits, bit, matrices, row, -1.0)


@kernel
def _own_phases(
    lanes: Lanes, stages: Stages, s: int, sample: int, batch: int, n: int, densities: Array, by_slot: Array
) -> None:
    """Add the gradients by the phases of a stage that differ from sample to sample."""
    walsh_lanes(lanes, densities, n)
    width = 1 << len(lanes) >> 1
    for k in range(stages.own_starts[s], stages.own_starts[s + 1]):
        mask, slot = stages.own_terms[k, 0], stages.own_terms[k, 1]
        for lane in range(min(width, batch)):
            place = (mask << len(lanes)) + lane
            by_slot[sample + lane, slot] -= 2 * (densities[place] + densities[place + width])


@kernel
def _first_state(
    lanes: Lanes,
    n: int,
    psi: Array,
    lam: Array,
    home: int,
    batch: int,
    sample: int,
    matrices: Array,
    row: int,
    by_lane: Array,
    out: int,
    by_amplitude: Array,
) -> None:
    """Add the gradients by the first state: its amplitudes, or the rotations of the product state."""
    if by_amplitude.size:
        for lane in range(min(1 << len(lanes) >> 1, batch)):
            for j in range(1 << n):
                by_amplitude[sample + lane, j] = 2 * lam[((home + j) << len(lanes)) + lane]
        return
    for bit in range(n - 1, -1, -1):
        correlate(lanes, psi, lam, home, 2 << bit, bit, psi.dtype.type(1), by_lane, out + 3 * bit)
        contract(lanes, psi, home, matrices, row, bit)
        contract(lanes, lam, home, matrices, row, bit)
