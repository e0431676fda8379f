"""Measurement of Pauli words, and its adjoint; in blocks of rows, which threads can share."""

from __future__ import annotations

from qlab.engine.compiled.jit import Array, Lanes, kernel
from qlab.engine.compiled.simd import halves, load, splat, store, swap
from qlab.engine.compiled.windows import Window, part


@kernel
def parity_sign(number: int) -> float:
    """Return -1 where the number of set bits is odd, else 1."""
    for shift in (32, 16, 8, 4, 2, 1):
        number ^= number >> shift
    return 1.0 - 2.0 * (number & 1)


@kernel
def measure(
    lanes: Lanes,
    psi: Array,
    home: int,
    n: int,
    groups: Array,
    words: Array,
    signs: Array,
    scratch: Array,
    values: Array,
    window: Window,
) -> None:
    """Fill ``values`` (K, V) with what the window's blocks add to the expectation values, as sums of the halves.

    Words that flip the same bits and have the same parity of Y factors are a group: see ``tables.Words``. Sums run over
    blocks of rows in the state's precision, over blocks in double precision. ``scratch`` has a row per row of a
    block and one more.
    """
    width, rows, number = 1 << len(lanes), signs.shape[1], psi.dtype.type
    half_signs, (first_block, last_block) = halves(lanes, number(1), number(-1)), part(window, (1 << n) // rows)
    values[:] = 0
    for g in range(groups.shape[0]):
        flips, odd, first, last = groups[g, 0], groups[g, 1], groups[g, 2], groups[g, 3]
        for start in range(first_block * rows, last_block * rows, rows):
            for r in range(rows):
                x, p = load(lanes, psi, home + start + r), load(lanes, psi, home + ((start + r) ^ flips))
                store(lanes, scratch, r, p * swap(x) * half_signs if odd else p * x)
            for k in range(first, last):
                even = splat(lanes, number(0))
                uneven = even  # two sums need not wait for each other
                for r in range(0, rows, 2):
                    even = even + splat(lanes, signs[k, r]) * load(lanes, scratch, r)
                    uneven = uneven + splat(lanes, signs[k, r + 1]) * load(lanes, scratch, r + 1)
                store(lanes, scratch, rows, even + uneven)
                sign = words[k, 1] * parity_sign(start & words[k, 0])
                for lane in range(width):
                    values[words[k, 2], lane] += sign * scratch[rows * width + lane]


@kernel
def adjoint(
    lanes: Lanes,
    psi: Array,
    copy: Array,
    lam: Array,
    home: int,
    n: int,
    groups: Array,
    words: Array,
    signs: Array,
    gradient: Array,
    scratch: Array,
    window: Window,
) -> None:
    """Fill the window's blocks of ``lam`` with sum_k g_k P_k psi, and as many of ``copy`` with psi.

    Row k of ``gradient`` holds g_k, in both halves. ``scratch`` has a row per word.
    """
    number, rows = psi.dtype.type, signs.shape[1]
    minus_i = halves(lanes, number(1), number(-1))  # times swap(x): -i x
    first_block, last_block = part(window, (1 << n) // rows)
    for block in range(first_block * rows, last_block * rows, rows):
        for g in range(groups.shape[0]):
            flips, odd, first, last = groups[g, 0], groups[g, 1], groups[g, 2], groups[g, 3]
            start = block ^ (flips & -rows)  # words move these rows to the block's
            for k in range(first, last):
                sign = splat(lanes, number(words[k, 1] * parity_sign(start & words[k, 0])))
                store(lanes, scratch, k, sign * load(lanes, gradient, words[k, 2]))
            for r in range(rows):
                total = splat(lanes, number(0))
                for k in range(first, last):
                    total = total + splat(lanes, signs[k, r]) * load(lanes, scratch, k)
                place = home + ((start + r) ^ flips)
                x = load(lanes, psi, home + start + r)
                moved = total * (minus_i * swap(x) if odd else x)
                if g > 0:
                    moved = moved + load(lanes, lam, place)
                else:
                    store(lanes, copy, home + start + r, x)
                store(lanes, lam, place, moved)
