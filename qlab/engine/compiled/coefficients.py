"""From inputs and weights to the numbers of an execution; in double precision, once per call."""

from __future__ import annotations

import math

import numpy as np

from qlab.engine.compiled.jit import Array, Lanes, helper, kernel
from qlab.engine.compiled.tables import Angles, Numbers, Stages
from qlab.engine.compiled.trigonometry import fill_cos_sin


@helper
def prepare(
    lanes: Lanes, angles: Angles, stages: Stages, n: int, inputs: Array, weights: Array, numbers: Numbers
) -> None:
    """Fill the ``Numbers`` of inputs (B, n_inputs) and weights (n_weights,)."""
    n_stages = numbers.flips.size
    first, last = np.zeros((n_stages, n, 2)), np.zeros((n_stages + 1, n, 2))
    first[:, :, 0], last[:, :, 0] = 1, 1
    half = np.empty((1 << n, 2), numbers.phases.dtype)
    turn = np.empty(1 << n if stages.terms.shape[0] else 0)
    _slots(angles, inputs, numbers.slots)
    _turns(lanes, angles, weights, numbers.slots, numbers.turns)
    for run in range(angles.runs.shape[0]):
        _merge(angles, run, numbers.turns, numbers.merged[run])
    _lane_matrices(angles, numbers, np.empty(4))
    _frames(stages, numbers, first, last)
    for s in range(n_stages):
        _phases(
            stages, s, weights, first[s], last[s], half, turn, numbers.flips[s], numbers.scales[s], numbers.phases[s]
        )


@kernel
def _slots(angles: Angles, inputs: Array, slots: Array) -> None:
    for b in range(inputs.shape[0]):
        for a in range(angles.slot_scales.size):
            product = angles.slot_scales[a]
            for f in range(angles.slot_starts[a], angles.slot_starts[a + 1]):
                product *= inputs[b, angles.slot_inputs[f]]
            slots[b, a] = product


@kernel
def _turns(lanes: Lanes, angles: Angles, weights: Array, slots: Array, turns: Array) -> None:
    shared, own = angles.axes.shape[0], angles.own_axes.shape[0]
    for m in range(shared):
        turns[0, m] = angles.scales[m] / 2
        if angles.weights[m] >= 0:
            turns[0, m] *= weights[angles.weights[m]]
    for b in range(slots.shape[0]):
        for a in range(own):
            turns[0, shared + b * own + a] = slots[b, a] / 2
    turns[0, shared + slots.shape[0] * own :] = 0
    fill_cos_sin(lanes, turns)


@kernel
def _multiply(q: Array, c: float, x: float, y: float, z: float) -> None:
    """Replace quaternion q by (c, x, y, z) times q: the rotation q first."""
    a, b, d, e = q[0], q[1], q[2], q[3]
    q[0] = c * a - x * b - y * d - z * e
    q[1] = c * b + x * a + y * e - z * d
    q[2] = c * d + y * a + z * b - x * e
    q[3] = c * e + z * a + x * d - y * b


@kernel
def _merge(angles: Angles, run: int, turns: Array, q: Array) -> None:
    q[0], q[1], q[2], q[3] = 1.0, 0.0, 0.0, 0.0
    for m in range(angles.runs[run, 0], angles.runs[run, 1]):
        s = turns[2, m]
        _multiply(q, turns[1, m], s * angles.axes[m, 0], s * angles.axes[m, 1], s * angles.axes[m, 2])


@kernel
def _lane_matrices(angles: Angles, numbers: Numbers, q: Array) -> None:
    """Merge the rotations that differ from sample to sample; lanes beyond the batch repeat its last sample."""
    width, batch = numbers.matrices.shape[3] // 2, numbers.slots.shape[0]
    for c in range(numbers.matrices.shape[0]):
        for lane in range(width):
            row = angles.axes.shape[0] + min(c * width + lane, batch - 1) * angles.own_axes.shape[0]
            for i in range(numbers.matrices.shape[1]):
                q[0], q[1], q[2], q[3] = 1.0, 0.0, 0.0, 0.0
                for p in range(angles.lane_starts[i], angles.lane_starts[i + 1]):
                    which = angles.pieces[p, 1]
                    if angles.pieces[p, 0]:
                        r = numbers.merged[which]
                        _multiply(q, r[0], r[1], r[2], r[3])
                    else:
                        s, axis = numbers.turns[2, row + which], angles.own_axes[which]
                        _multiply(q, numbers.turns[1, row + which], s * axis[0], s * axis[1], s * axis[2])
                out = numbers.matrices[c, i]
                out[0, lane], out[1, lane], out[2, lane], out[3, lane] = q[0], q[3], q[2], q[1]
                out[0, width + lane], out[1, width + lane] = q[0], -q[3]
                out[2, width + lane], out[3, width + lane] = q[2], -q[1]


@kernel
def _frames(stages: Stages, numbers: Numbers, first: Array, last: Array) -> None:
    """Split shared rotations into RZ(a) RY(b) RZ(c).

    Fills exp(ic) to ``first`` (S, n, 2) and exp(ia) to ``last`` (S + 1, n, 2), as real and imaginary parts; the last RZ
    of a stage stand with the next one, whose phases take them in. With quaternion q, exp(i(a + c)/2) is the direction
    of q0 + i q3, and exp(i(a - c)/2) that of q2 - i q1.
    """
    numbers.flips[:] = 0
    numbers.scales[:] = 1
    for z in range(stages.rotations.shape[0]):
        s, bit, run = stages.rotations[z, 0], stages.rotations[z, 1], stages.rotations[z, 2]
        q = numbers.merged[run]
        diagonal, other = math.sqrt(q[0] * q[0] + q[3] * q[3]), math.sqrt(q[1] * q[1] + q[2] * q[2])
        c0, s0 = (q[0] / diagonal, q[3] / diagonal) if diagonal > 1e-14 else (1.0, 0.0)
        c1, s1 = (q[2] / other, -q[1] / other) if other > 1e-14 else (1.0, 0.0)
        first[s, bit, 0], first[s, bit, 1] = c0 * c1 + s0 * s1, s0 * c1 - c0 * s1
        last[s + 1, bit, 0], last[s + 1, bit, 1] = c0 * c1 - s0 * s1, s0 * c1 + c0 * s1
        if other > diagonal:  # RY(b) RZ(c) is RY(b - pi) RZ(pi - c) X, up to a sign
            numbers.flips[s] |= 1 << bit
            first[s, bit, 0] = -first[s, bit, 0]
            diagonal, other = other, -diagonal
        tangent = other / diagonal
        numbers.tangents[z] = tangent
        numbers.frames[z, 0], numbers.frames[z, 1] = last[s + 1, bit, 0], last[s + 1, bit, 1]
        numbers.frames[z, 2] = 1 / (1 + tangent * tangent)
        numbers.scales[s] *= numbers.frames[z, 2]
    none = stages.rotations.shape[0]
    numbers.tangents[none], numbers.frames[none, 0], numbers.frames[none, 1], numbers.frames[none, 2] = 0, 1, 0, 1


@kernel
def _phases(
    stages: Stages,
    s: int,
    weights: Array,
    first: Array,
    last: Array,
    half: Array,
    turn: Array,
    flips: int,
    scale: float,
    out: Array,
) -> None:
    """Fill the phases of a stage: those of its entangler, the RZ around it, and the cosines of its RY.

    ``half`` (2^n, 2) and ``turn`` (2^n,) are scratch.
    """
    z_table(first, math.sqrt(scale), out)
    if s > 0:
        z_table(last, 1.0, half)
        source = stages.sources[stages.network_of[s]]
        for j in range(out.shape[0]):
            k = source[j ^ flips]
            _times(out, j, half[k, 0], half[k, 1])
    if stages.constant_of[s] >= 0:
        constant = stages.constants[stages.constant_of[s]]
        for j in range(out.shape[0]):
            _times(out, j, constant[j ^ flips, 0], constant[j ^ flips, 1])
    if has_terms(stages, s):
        _term_phases(stages, s, weights, flips, turn, out)


@kernel
def _times(x: Array, j: int, c: float, s: float) -> None:
    x[j, 0], x[j, 1] = x[j, 0] * c - x[j, 1] * s, x[j, 0] * s + x[j, 1] * c


@kernel
def has_terms(stages: Stages, s: int) -> bool:
    """Return whether a weight enters the phases of a stage other than through rotations."""
    found = False
    for t in range(stages.terms.shape[0]):
        found |= stages.terms[t, 0] == s
    return found


@kernel
def _term_phases(stages: Stages, s: int, weights: Array, flips: int, angle: Array, out: Array) -> None:
    angle[:] = 0
    for t in range(stages.terms.shape[0]):
        if stages.terms[t, 0] == s:
            angle[stages.terms[t, 1]] += stages.term_scales[t] * weights[stages.terms[t, 2]]
    walsh(angle)
    number = out.dtype.type
    for j in range(out.shape[0]):
        _times(out, j, number(math.cos(angle[j ^ flips])), number(math.sin(angle[j ^ flips])))


@kernel
def z_table(turns: Array, scale: float, out: Array) -> None:
    """Fill ``out`` (2^n, 2) with ``scale`` times the diagonal of the product over bits b of diag(1, turns[b]).

    That is RZ up to a global phase.
    """
    number = out.dtype.type
    out[0, 0], out[0, 1] = scale, 0
    for bit in range(turns.shape[0]):
        c, s = number(turns[bit, 0]), number(turns[bit, 1])
        half = 1 << bit
        for j in range(half):
            x, y = out[j, 0], out[j, 1]
            out[j + half, 0], out[j + half, 1] = x * c - y * s, y * c + x * s


@kernel
def walsh(x: Array) -> None:
    """Replace x[m] by the sum over j of (-1)^|j & m| x[j]."""
    half = 1
    while half < x.size:
        for block in range(0, x.size, 2 * half):
            for j in range(block, block + half):
                x[j], x[j + half] = x[j] + x[j + half], x[j] - x[j + half]
        half *= 2
