"""Backward through a segment, tile by tile: correlations are taken, and what they lie behind is undone."""

from __future__ import annotations

from qlab.engine.compiled.forward import fill_turns
from qlab.engine.compiled.jit import Array, Lanes, kernel
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
from qlab.engine.compiled.tables import Numbers, Scratch, Stages, Steps, Sums
from qlab.engine.compiled.tiles import correlate, difference, rotate_lanes, undo_one, undo_two
from qlab.engine.compiled.windows import Window, part


@kernel
def retreat(
    lanes: Lanes,
    c: int,
    count: int,
    batch: int,
    n: int,
    stages: Stages,
    steps: Steps,
    g: int,
    numbers: Numbers,
    lacking: Array,
    floor: tuple[int, int, int, int],
    scratch: Scratch,
    sums: Sums,
    window: Window,
) -> None:
    """Undo segment ``g``: its rotations, and of its entangler what is not left to the segment before.

    States come from the segment behind, with its entangler undone. The last one's are here already.
    """
    segments, s, side = steps.segments, steps.segments[g, 0], (steps.segments.shape[0] - 1 - g) % 2
    psi, lam, later_psi, later_lam = scratch.psi[side], scratch.lam[side], scratch.psi[1 - side], scratch.lam[1 - side]
    low, bits = segments[g, 2], segments[g, 3]
    term = sums.by_term[s] if sums.by_term.shape[0] else sums.by_term.reshape(-1)
    by_lane, matrices = sums.by_lane.reshape(-1), numbers.matrices.reshape(-1)
    first, last = part(window, 1 << (n - bits))
    for t in range(first, last):
        base = logical_row(t, low, bits)
        for k in range(count):
            home, at = k << n, (k << n) + (t << bits)
            if g + 1 < segments.shape[0]:
                _bring(lanes, stages, segments, g, numbers, psi, lam, home, at, base, later_psi, later_lam)
            if segments[g, 7]:
                _z_densities(lanes, psi, lam, home, at, 1 << bits, sums.blocks[s], sums.bits[s])
        for o in range(segments[g, 5], segments[g, 6]):
            _unrotate(
                lanes, steps.operations, o, psi, lam, t << bits, count, bits, numbers, matrices, c, lacking[o],
                s >= floor[1], by_lane, sums.by_xy,
            )  # fmt: skip
        for k in range(count if segments[g, 1] else 0):
            _by_phases(
                lanes, (c + k) << len(lanes) >> 1, batch - (k << len(lanes) >> 1), n, stages, segments, g, numbers, psi,
                lam, (k << n) + (t << bits), t, base, s >= floor[2], scratch.turns, term, sums.by_slot,
            )  # fmt: skip


@kernel
def _bring(
    lanes: Lanes,
    stages: Stages,
    segments: Array,
    g: int,
    numbers: Numbers,
    psi: Array,
    lam: Array,
    home: int,
    at: int,
    base: int,
    later_psi: Array,
    later_lam: Array,
) -> None:
    """Fill a tile of both states from the segment behind ``g``; if an entangler begins that, undo it."""
    low, bits, later_low, later_bits = segments[g, 2], segments[g, 3], segments[g + 1, 2], segments[g + 1, 3]
    if segments[g + 1, 1]:
        behind = segments[g + 1, 0]
        disentangle(
            lanes, psi, lam, home, at, base, low, bits, later_psi, later_lam, later_low, later_bits,
            stages.targets[stages.network_of[behind]], numbers.flips[behind], numbers.phases[behind],
        )  # fmt: skip
    else:
        fetch(lanes, psi, home, at, base, low, bits, later_psi, later_low, later_bits)
        fetch(lanes, lam, home, at, base, low, bits, later_lam, later_low, later_bits)


@kernel
def _by_phases(
    lanes: Lanes,
    sample: int,
    batch: int,
    n: int,
    stages: Stages,
    segments: Array,
    g: int,
    numbers: Numbers,
    psi: Array,
    lam: Array,
    at: int,
    t: int,
    base: int,
    leave: bool,
    turns: Array,
    by_term: Array,
    by_slot: Array,
) -> None:
    """Add the gradients by an entangler's phases, from tile ``t``; undo those that differ from sample to sample.

    ``batch`` samples from ``sample`` on are in the chunk; ``leave`` says whether its state in front is wanted.
    """
    s, low, bits = segments[g, 0], segments[g, 2], segments[g, 3]
    rows, flips, scale = 1 << bits, numbers.flips[s], numbers.scales[s]
    if by_term.size:
        density_rows(lanes, psi, lam, at, rows, base, low, flips, scale, by_term)
    if stages.own_starts[s] == stages.own_starts[s + 1]:
        return
    density_lanes(lanes, psi, lam, at, rows, base, low, flips, scale, turns[1])
    if leave:
        if t == 0:
            fill_turns(lanes, turns[0], stages, s, numbers.slots, sample, n)
        turn_phases(lanes, psi, at, rows, base, low, flips, turns[0], -1.0)
        turn_phases(lanes, lam, at, rows, base, low, flips, turns[0], -1.0)
    if t == (1 << (n - bits)) - 1:
        _own_phases(lanes, stages, s, sample, batch, n, turns[1], by_slot)


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
