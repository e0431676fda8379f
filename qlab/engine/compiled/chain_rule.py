"""From correlations behind merged rotations and phases to gradients by inputs and weights; in double precision.

Behind a rotation exp(-i t/2 a.sigma) the derivative by t is a.P, where P holds <X>, <Y> and <Z> between the two states.
In front of it P is turned by the angle -t about a.
"""

from __future__ import annotations

import numpy as np

from qlab.engine.compiled.coefficients import walsh
from qlab.engine.compiled.jit import Array, helper, kernel
from qlab.engine.compiled.tables import Angles, Numbers, Stages, Sums


@kernel
def turn_back(p: Array, c: float, x: float, y: float, z: float) -> None:
    """Turn p (3,) by the inverse of the rotation with quaternion (c, x, y, z)."""
    u, v, w = z * p[1] - y * p[2], x * p[2] - z * p[0], y * p[0] - x * p[1]
    p[0] += 2 * (c * u + z * v - y * w)
    p[1] += 2 * (c * v + x * w - z * u)
    p[2] += 2 * (c * w + y * u - x * v)


@kernel
def through_pieces(
    angles: Angles, i: int, first: int, turns: Array, merged: Array, p: Array, by_run: Array, by_slot: Array
) -> None:
    """Spread p, behind merged rotation i of one sample, over its pieces.

    The sample's own turns begin at column ``first`` of ``turns``. ``by_slot`` (A,) are the gradients by its slots,
    ``by_run`` (R, 3) what lies behind the runs, summed over samples.
    """
    for k in range(angles.lane_starts[i + 1] - 1, angles.lane_starts[i] - 1, -1):
        which = angles.pieces[k, 1]
        if angles.pieces[k, 0]:
            q = merged[which]
            for axis in range(3):
                by_run[which, axis] += p[axis]
            turn_back(p, q[0], q[1], q[2], q[3])
        else:
            a = angles.own_axes[which]
            by_slot[which] += a[0] * p[0] + a[1] * p[1] + a[2] * p[2]
            s = turns[2, first + which]
            turn_back(p, turns[1, first + which], s * a[0], s * a[1], s * a[2])


@helper
def finish(
    angles: Angles,
    stages: Stages,
    places: Array,
    n: int,
    inputs: Array,
    numbers: Numbers,
    sums: Sums,
    by_weight: Array,
    by_input: Array,
) -> None:
    """Fill the gradients by weights (n_weights,) and inputs (B, n_inputs) or (0, 0); ``sums`` are changed."""
    by_weight[:] = 0
    by_input[:] = 0
    by_z = _z_correlations(stages, n, sums.blocks, sums.bits)
    by_xy, by_run, by_term = sums.by_xy, sums.by_run, sums.by_term
    for z in range(stages.rotations.shape[0]):
        s, bit, run = stages.rotations[z, 0], stages.rotations[z, 1], stages.rotations[z, 2]
        c, d = numbers.frames[z, 0], numbers.frames[z, 1]
        by_run[run, 0] += c * by_xy[z, 0] - d * by_xy[z, 1]
        by_run[run, 1] += d * by_xy[z, 0] + c * by_xy[z, 1]
        by_run[run, 2] += by_z[s, places[s, bit]]
    for run in range(angles.runs.shape[0]):
        _through_run(angles, run, numbers.turns, by_run[run], by_weight)
    for s in range(by_term.shape[0]):
        walsh(by_term[s])
    for t in range(stages.terms.shape[0]):
        by_weight[stages.terms[t, 2]] -= 2 * stages.term_scales[t] * by_term[stages.terms[t, 0], stages.terms[t, 1]]
    for b in range(by_input.shape[0]):
        for a in range(angles.slot_scales.size):
            _through_slot(angles, a, inputs[b], sums.by_slot[b, a], by_input[b])


@helper
def _z_correlations(stages: Stages, n: int, blocks: Array, bits: Array) -> Array:
    out = np.zeros((blocks.shape[0], n))
    low = min(n, 3)
    for s in range(blocks.shape[0]):
        out[s, :low] = bits[s, :low]
        rest = blocks[s]
        half = rest.size >> 1
        for bit in range(n - 1, low - 1, -1):
            for j in range(half):
                out[s, bit] += rest[j] - rest[j + half]
                rest[j] += rest[j + half]
            half >>= 1
    return out


@kernel
def _through_run(angles: Angles, run: int, turns: Array, p: Array, by_weight: Array) -> None:
    for m in range(angles.runs[run, 1] - 1, angles.runs[run, 0] - 1, -1):
        a, s = angles.axes[m], turns[2, m]
        if angles.weights[m] >= 0:
            by_weight[angles.weights[m]] += angles.scales[m] * (a[0] * p[0] + a[1] * p[1] + a[2] * p[2])
        turn_back(p, turns[1, m], s * a[0], s * a[1], s * a[2])


@kernel
def _through_slot(angles: Angles, a: int, row: Array, gradient: float, by_input: Array) -> None:
    first, last = angles.slot_starts[a], angles.slot_starts[a + 1]
    for f in range(first, last):
        others = angles.slot_scales[a]
        for g in range(first, last):
            if g != f:
                others *= row[angles.slot_inputs[g]]
        by_input[angles.slot_inputs[f]] += others * gradient
