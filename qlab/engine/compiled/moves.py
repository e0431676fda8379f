"""Entanglers: basis states change places and get phases on the way from one stored state to the next.

States are stored tile by tile: row r of tile t, whose bits are ``low`` to ``low + bits`` - 1 of the basis state, lies
at t 2^bits + r. So tiles are worked on in place, and only reads are scattered. Small states of several chunks lie one
behind the other: ``home`` is the first row of one of them, ``at`` that of a tile of it.

An entangler with tables ``source`` and ``phase`` makes new[j] = phase[j] old[source[j ^ flips]]; ``target`` is the
inverse of ``source``. Where samples differ there is a second phase, exp(i pi turns[j ^ flips]), the same in both halves
of a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qlab.engine.compiled.jit import Array, Lanes, kernel
from qlab.engine.compiled.simd import halves, load, splat, store, swap
from qlab.engine.compiled.tiles import difference
from qlab.engine.compiled.trigonometry import cos_sin_of_turns


@kernel
def logical_row(t: int, low: int, bits: int) -> int:
    """Return the basis state of the first row of tile number ``t``."""
    return ((t >> low) << (low + bits)) | (t & ((1 << low) - 1))


@kernel
def stored_row(j: Any, low: int, bits: int) -> int:
    """Return where basis state j is stored."""
    inside = (j >> low) & ((1 << bits) - 1)
    outside = ((j >> (low + bits)) << low) | (j & ((1 << low) - 1))
    found: int = (outside << bits) | inside
    return found


@kernel
def fetch(
    lanes: Lanes,
    new: Array,
    home: int,
    at: int,
    base: int,
    low: int,
    bits: int,
    old: Array,
    old_low: int,
    old_bits: int,
) -> None:
    """Fill a tile with rows of a state that is stored otherwise."""
    if old_low == 0 or (low == 0 and old_low >= bits):  # the rows lie at equal distances
        first, stride = home + stored_row(base, old_low, old_bits), 1 << low if old_low == 0 else 1 << old_bits
        for r in range(1 << bits):
            store(lanes, new, at + r, load(lanes, old, first + r * stride))
        return
    for r in range(1 << bits):
        store(lanes, new, at + r, load(lanes, old, home + stored_row(base + (r << low), old_low, old_bits)))


@kernel
def times(lanes: Lanes, x: Any, c: float, s: float) -> Any:
    """Return x times c + is."""
    return x * splat(lanes, c) + swap(x) * halves(lanes, -s, s)


@kernel
def entangle(
    lanes: Lanes,
    new: Array,
    home: int,
    at: int,
    base: int,
    low: int,
    bits: int,
    old: Array,
    old_low: int,
    old_bits: int,
    source: Array,
    flips: int,
    phase: Array,
) -> None:
    """Fill a tile with rows of the entangled state; ``phase`` is (2^n, 2): real and imaginary part."""
    if old_low == 0:  # stored in the order of basis states
        for r in range(1 << bits):
            j = base + (r << low)
            x = load(lanes, old, home + np.int64(source[j ^ flips]))
            store(lanes, new, at + r, times(lanes, x, phase[j, 0], phase[j, 1]))
        return
    for r in range(1 << bits):
        j = base + (r << low)
        x = load(lanes, old, home + stored_row(np.int64(source[j ^ flips]), old_low, old_bits))
        store(lanes, new, at + r, times(lanes, x, phase[j, 0], phase[j, 1]))


@kernel
def disentangle(
    lanes: Lanes,
    new_psi: Array,
    new_lam: Array,
    home: int,
    at: int,
    base: int,
    low: int,
    bits: int,
    old_psi: Array,
    old_lam: Array,
    old_low: int,
    old_bits: int,
    target: Array,
    flips: int,
    phase: Array,
) -> None:
    """Fill tiles of both states with rows as in front of an entangler, the old ones being those behind."""
    for r in range(1 << bits):
        j = np.int64(target[base + (r << low)]) ^ flips
        i = home + (stored_row(j, old_low, old_bits) if old_low else j)
        store(lanes, new_psi, at + r, times(lanes, load(lanes, old_psi, i), phase[j, 0], -phase[j, 1]))
        store(lanes, new_lam, at + r, times(lanes, load(lanes, old_lam, i), phase[j, 0], -phase[j, 1]))


@kernel
def turn_phases(
    lanes: Lanes, tile: Array, at: int, rows: int, base: int, low: int, flips: int, turns: Array, sign: float
) -> None:
    """Multiply a tile by the phases that differ from sample to sample; by their inverse where ``sign`` is -1."""
    number = tile.dtype.type
    signs = halves(lanes, number(-sign), number(sign))
    for r in range(rows):
        c, s = cos_sin_of_turns(lanes, number, load(lanes, turns, (base + (r << low)) ^ flips))
        x = load(lanes, tile, at + r)
        store(lanes, tile, at + r, x * c + swap(x) * (signs * s))


@kernel
def walsh_lanes(lanes: Lanes, x: Array, n: int) -> None:
    """Replace row x[m] by the sum over j of (-1)^|j & m| x[j]."""
    for bit in range(n):
        step = 1 << bit
        for block in range(0, 1 << n, 2 * step):
            for i in range(block, block + step):
                a, b = load(lanes, x, i), load(lanes, x, i + step)
                store(lanes, x, i, a + b)
                store(lanes, x, i + step, a - b)


@kernel
def density_rows(
    lanes: Lanes, psi: Array, lam: Array, at: int, rows: int, base: int, low: int, flips: int, weight: float, out: Array
) -> None:
    """Add ``weight`` times the sum over the samples of Im(lambda* psi) to the places of ``out`` before the flips."""
    for r in range(rows):
        out[(base + (r << low)) ^ flips] += weight * difference(lanes, psi, imaginary(lanes, psi, lam, at + r))


@kernel
def density_lanes(
    lanes: Lanes, psi: Array, lam: Array, at: int, rows: int, base: int, low: int, flips: int, weight: float, out: Array
) -> None:
    """As ``density_rows`` for each sample, as the sum of the halves of a row; replaces what is there."""
    signed = halves(lanes, psi.dtype.type(weight), psi.dtype.type(-weight))
    for r in range(rows):
        store(lanes, out, (base + (r << low)) ^ flips, signed * imaginary(lanes, psi, lam, at + r))


@kernel
def imaginary(lanes: Lanes, psi: Array, lam: Array, r: int) -> Any:
    """Return Im(lambda* psi) of a row, as the difference of the halves."""
    return load(lanes, lam, r) * swap(load(lanes, psi, r))


@kernel
def density_blocks(
    lanes: Lanes, psi: Array, lam: Array, home: int, row: int, rows: int, blocks: Array, bits: Array
) -> None:
    """Add Im(lambda* psi) of contiguous rows, summed over samples and over eight rows each, to ``blocks`` (2^n / 8,).

    Add <Z> of the lowest three bits, whose signs change inside of eight rows, to ``bits`` (3,).
    """
    zero = splat(lanes, psi.dtype.type(0))
    z0, z1, z2 = zero, zero, zero
    for r in range(row, row + rows, 8):
        a, b = imaginary(lanes, psi, lam, r), imaginary(lanes, psi, lam, r + 1)
        c, d = imaginary(lanes, psi, lam, r + 2), imaginary(lanes, psi, lam, r + 3)
        e, f = imaginary(lanes, psi, lam, r + 4), imaginary(lanes, psi, lam, r + 5)
        g, h = imaginary(lanes, psi, lam, r + 6), imaginary(lanes, psi, lam, r + 7)
        z0 = z0 + ((a - b) + (c - d)) + ((e - f) + (g - h))
        a, c, e, g = a + b, c + d, e + f, g + h
        z1 = z1 + ((a - c) + (e - g))
        a, e = a + c, e + g
        z2 = z2 + (a - e)
        blocks[(r - home) >> 3] += difference(lanes, psi, a + e)
    bits[0] += difference(lanes, psi, z0)
    bits[1] += difference(lanes, psi, z1)
    bits[2] += difference(lanes, psi, z2)
