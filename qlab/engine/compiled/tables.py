"""The arrays that kernels read: what a compiled circuit is, and what one execution of it depends on."""

from __future__ import annotations

from typing import NamedTuple

from qlab.engine.compiled.jit import Array

Tables = tuple[Array, ...]  # the fields of one of these; a named tuple is slow to hand to a kernel


class Angles(NamedTuple):
    """How merged rotations and phases follow from inputs and weights. All numbers are doubles, all indices int64.

    Attributes:
        axes: (M, 3), of the rotations that are the same for all samples.
        weights: (M,), index of their weight; -1 for a constant.
        scales: (M,), what the weight is multiplied with, or the constant in radians.
        runs: (R, 2), first and last of the rotations that are merged.
        own_axes: (O, 3), of the rotations that differ from sample to sample; the first O slots are their angles.
        slot_scales: (A,), a slot is a scale times a product of inputs.
        slot_starts: (A + 1,), where its factors begin in ``slot_inputs``.
        slot_inputs: indices of inputs.
        lane_starts: (Q + 1,), where a merged rotation that differs from sample to sample begins in ``pieces``.
        pieces: (P, 2), (1, run) or (0, own rotation), first executed first.
    """

    axes: Array
    weights: Array
    scales: Array
    runs: Array
    own_axes: Array
    slot_scales: Array
    slot_starts: Array
    slot_inputs: Array
    lane_starts: Array
    pieces: Array


class Stages(NamedTuple):
    """S stages: an entangler, then merged rotations. Indices are int64.

    Attributes:
        rotations: (Z, 3), stage, bit and run of the rotations that all samples share.
        terms: (T, 3), stage, mask and weight of the phases exp(i c (-1)^|x & mask|) with c = scale times weight.
        term_scales: (T,), doubles.
        network_of: (S,), which row of ``sources`` and ``targets`` moves the basis states of a stage.
        sources: (X, 2^n) uint32, new[j] = old[source[j]].
        targets: (X, 2^n) uint32, old[j] = new[target[j]].
        constant_of: (S,), which of ``constants`` multiplies; -1: none.
        constants: (Y, 2^n, 2), real and imaginary parts in the state's precision.
        own_starts: (S + 1,), where the phases of a stage that differ from sample to sample begin in ``own_terms``.
        own_terms: (U, 2), mask and slot.
    """

    rotations: Array
    terms: Array
    term_scales: Array
    network_of: Array
    sources: Array
    targets: Array
    constant_of: Array
    constants: Array
    own_starts: Array
    own_terms: Array


class Words(NamedTuple):
    """K Pauli words.

    With P|x> = i^y (-1)^|x & z| |x xor flips>, y counting the Y factors, <P> is the sum over x of (-1)^|x & z| times
    the real part of i^y conj(psi[x xor flips]) psi[x].

    Masks are those of stored rows.

    Attributes:
        groups: (G, 4), flips, whether y is odd, first and last of the words with these.
        words: (K, 3), z, the sign that is left of i^y, and the word's place in the list of observables.
        signs: (K, rows), (-1)^|x & z| of the rows x of a block, in the state's precision.
    """

    groups: Array
    words: Array
    signs: Array


class Steps(NamedTuple):
    """How stages are cut into tiles.

    Attributes:
        segments: (G, 8), stage, whether it begins with the entangler, lowest bit and number of bits of the tile, first
            operation forward, first backward, end of these, and whether <Z> behind it is needed.
        operations: (F, 5), how many shared rotations (0: one that differs from sample to sample), lowest bit in the
            tile, and the numbers of the rotations.
        places: (S, n), which bit of the stored row's number holds each bit of the basis state behind a stage.
    """

    segments: Array
    operations: Array
    places: Array


class Numbers(NamedTuple):
    """What an execution depends on, computed from its inputs and weights.

    Attributes:
        turns: (3, T), half angles of the M rotations that all samples share and of the B times O others, then their
            cosines and sines.
        merged: (R, 4), merged rotations as quaternions.
        frames: (Z + 1, 3), cosine and sine of the angle of the last RZ of RZ RY RZ, and the squared cosine of half of
            RY's angle.
        tangents: (Z + 1,), of half of RY's angle, in the state's precision; the last is of no rotation at all.
        flips: (S,), which bits are flipped behind an entangler, so that no tangent is above 1.
        scales: (S,), product of the squared cosines of a stage.
        phases: (S, 2^n, 2), in the state's precision.
        slots: (B, A), in radians.
        matrices: (C, Q, 4, V), of [[a, -b*], [b, a*]] the rows that ``rotate_lanes`` wants, in the state's precision.
    """

    turns: Array
    merged: Array
    frames: Array
    tangents: Array
    flips: Array
    scales: Array
    phases: Array
    slots: Array
    matrices: Array


class Sums(NamedTuple):
    """What a thread adds up; doubles where nothing else is said.

    The last two fields are of all threads, which have samples or rows of their own, or work one at a time.

    Attributes:
        by_xy: (Z + 1, 2), <X> and <Y> between the states behind the RY of each shared rotation.
        blocks: (S, 2^n / 8), densities behind each stage, see ``moves.density_blocks``.
        bits: (S, 3), <Z> of the lowest bits behind each stage.
        by_term: (S or 0, 2^n), densities behind each entangler.
        by_run: (R, 3), correlations behind runs that are part of what differs from sample to sample.
        by_lane: (G, Q, 3, V), correlations behind merged rotations that differ from sample to sample, of the chunks
            at work, in the state's precision.
        by_slot: (B, A), gradients by slots.
        by_amplitude: (B, 2^n or 0), gradients by the amplitudes of the first state.
    """

    by_xy: Array
    blocks: Array
    bits: Array
    by_term: Array
    by_run: Array
    by_lane: Array
    by_slot: Array
    by_amplitude: Array


class Scratch(NamedTuple):
    """Working memory of one thread, which works on G chunks together; threads that share tiles share all but ``block``.

    Attributes:
        psi: (2, G 2^n V), where states go to and fro.
        lam: (2, G 2^n V), the same for their gradients.
        block: scratch for a block of rows, or a row per word.
        turns: (2, 2^n V or 0), phases that differ from sample to sample, and densities.
    """

    psi: Array
    lam: Array
    block: Array
    turns: Array
