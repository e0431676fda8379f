"""Backward pass: psi and lambda are un-computed together (arXiv:2009.02823), chunk by chunk."""

from __future__ import annotations

import numpy as np

from qlab.engine.compiled.chain_rule import finish, through_pieces
from qlab.engine.compiled.first_state import contract_blocks, reach_first_state
from qlab.engine.compiled.jit import Array, Lanes, entry, helper, kernel
from qlab.engine.compiled.measurement import adjoint
from qlab.engine.compiled.packing import Packed, unpack
from qlab.engine.compiled.retreat import retreat
from qlab.engine.compiled.tables import Angles, Numbers, Scratch, Stages, Steps, Sums, Tables, Words
from qlab.engine.compiled.windows import Window


@entry
def backward(
    lanes: Lanes,
    n: int,
    packed: Packed,
    number_tables: Tables,
    inputs: Array,
    floor: tuple[int, int, int, int],
    states: Array,
    gradient: Array,
    by_weight: Array,
    by_input: Array,
    scratch_tables: Tables,
    sum_tables: Tables,
    last_of_all: bool,
    first: int,
    last: int,
    window: Window,
) -> None:
    """Add up what chunks ``first`` to ``last`` - 1 contribute to the gradients.

    Steps are those of ``forward``, from the last to the first, and step -1, which needs the sums of all threads. Sums
    begin anew where all steps are to be done.

    Args:
        lanes: twice as many as samples in a chunk.
        n: number of qubits.
        packed: the circuit's tables.
        number_tables: the ``Numbers`` of the execution.
        inputs: (B, n_inputs), those of the execution.
        floor: see ``Plan.floor``.
        states: (C, 2^n V), final states.
        gradient: (B, K), by the values.
        by_weight: (n_weights,), gradient by weights.
        by_input: (B, n_inputs), gradient by inputs; empty where it is not wanted.
        scratch_tables: the ``Scratch`` of this thread.
        sum_tables: its ``Sums``.
        last_of_all: whether the sums are then those of the whole batch, and the gradients are to be filled.
        first: first chunk.
        last: behind the last chunk.
        window: which steps are to be done, and which part of them.
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
    if window[0] < 0 and at_end:
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
                words.words, words.signs, by_value, scratch.block, window,
            )  # fmt: skip
        if at_end:
            sums.by_lane[:] = 0
        _chunks(
            lanes, c, count, min(count * width, gradient.shape[0] - c * width), n, stages, steps, numbers, lacking,
            floor, scratch, sums, window,
        )  # fmt: skip
        if window[0] < 0:
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
    lacking: Array,
    floor: tuple[int, int, int, int],
    scratch: Scratch,
    sums: Sums,
    window: Window,
) -> None:
    """Un-compute the states of ``count`` chunks together, which have ``batch`` samples, and add to ``sums``."""
    segments = steps.segments
    for g in range(min(window[1] - 1, segments.shape[0]) - 1, max(window[0] - 1, 0) - 1, -1):
        if segments[g, 0] < floor[0]:
            break
        retreat(lanes, c, count, batch, n, stages, steps, g, numbers, lacking, floor, scratch, sums, window)
    if floor[2] > 0:
        return
    side, by_lane = segments.shape[0] % 2, sums.by_lane.reshape(-1)
    psi, lam = scratch.psi[side], scratch.lam[side]
    if window[0] <= 0 and window[1] > 0:
        reach_first_state(
            lanes, c, count, batch, n, stages, steps, numbers, psi, lam, scratch.psi[1 - side], scratch.lam[1 - side],
            by_lane, sums.by_amplitude, window,
        )  # fmt: skip
    if window[0] < 0 and not sums.by_amplitude.size:
        contract_blocks(lanes, c, count, n, numbers.matrices, psi, lam, by_lane)


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
