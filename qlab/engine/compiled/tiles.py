"""Rotations of rows that lie one after the other.

``at`` is the first row, ``rows`` how many there are; partners of a bit of the row's number lie 2^bit rows apart.

A rotation that all samples share is an RY. It is applied as [[1, -t], [t, 1]], t being the tangent of half its angle:
half the arithmetic. The cosine that is left out is a factor of the whole stage and sits in its phases.

Correlations are <A> = Im <lambda|A|psi> for the Pauli matrices A of one bit. With lambda = (p | q) and psi = (x | y) in
the halves of a vector, Im(lambda* psi) is the difference of the halves of lambda * swap(psi), which is (p y | q x), and
Re(lambda* psi) the sum of the halves of lambda * psi.
"""

from __future__ import annotations

from typing import Any

from qlab.engine.compiled.jit import Array, Lanes, kernel
from qlab.engine.compiled.simd import halves, lane_sum, load, splat, store, swap


@kernel
def spread(r: int, bit: int, count: int) -> int:
    """Return number r with ``count`` zeros put in front of its bit number ``bit``."""
    return ((r >> bit) << (bit + count)) | (r & ((1 << bit) - 1))


@kernel
def turn(t: Any, x: Any, y: Any) -> Any:
    """Return a rotated pair, longer by one over the cosine."""
    return x - t * y, y + t * x


@kernel
def rotate_one(lanes: Lanes, x: Array, at: int, rows: int, bit: int, t: float) -> None:
    """Rotate one bit."""
    tangent = splat(lanes, t)
    step = 1 << bit
    for r in range(rows >> 1):
        i = at + spread(r, bit, 1)
        a, b = turn(tangent, load(lanes, x, i), load(lanes, x, i + step))
        store(lanes, x, i, a)
        store(lanes, x, i + step, b)


@kernel
def rotate_two(lanes: Lanes, x: Array, at: int, rows: int, bit: int, t0: float, t1: float) -> None:
    """Rotate a bit and the one above it."""
    first, second = splat(lanes, t0), splat(lanes, t1)
    step = 1 << bit
    for r in range(rows >> 2):
        i = at + spread(r, bit, 2)
        a, b = turn(first, load(lanes, x, i), load(lanes, x, i + step))
        c, d = turn(first, load(lanes, x, i + 2 * step), load(lanes, x, i + 3 * step))
        a, c = turn(second, a, c)
        b, d = turn(second, b, d)
        store(lanes, x, i, a)
        store(lanes, x, i + step, b)
        store(lanes, x, i + 2 * step, c)
        store(lanes, x, i + 3 * step, d)


@kernel
def rotate_three(lanes: Lanes, x: Array, at: int, rows: int, bit: int, t0: float, t1: float, t2: float) -> None:
    """Rotate a bit and the two above it."""
    first, second, third = splat(lanes, t0), splat(lanes, t1), splat(lanes, t2)
    step = 1 << bit
    for r in range(rows >> 3):
        i = at + spread(r, bit, 3)
        a, b = turn(first, load(lanes, x, i), load(lanes, x, i + step))
        c, d = turn(first, load(lanes, x, i + 2 * step), load(lanes, x, i + 3 * step))
        e, f = turn(first, load(lanes, x, i + 4 * step), load(lanes, x, i + 5 * step))
        g, h = turn(first, load(lanes, x, i + 6 * step), load(lanes, x, i + 7 * step))
        a, c = turn(second, a, c)
        b, d = turn(second, b, d)
        e, g = turn(second, e, g)
        f, h = turn(second, f, h)
        a, e = turn(third, a, e)
        b, f = turn(third, b, f)
        c, g = turn(third, c, g)
        d, h = turn(third, d, h)
        store(lanes, x, i, a)
        store(lanes, x, i + step, b)
        store(lanes, x, i + 2 * step, c)
        store(lanes, x, i + 3 * step, d)
        store(lanes, x, i + 4 * step, e)
        store(lanes, x, i + 5 * step, f)
        store(lanes, x, i + 6 * step, g)
        store(lanes, x, i + 7 * step, h)


@kernel
def undo_one(
    lanes: Lanes, psi: Array, lam: Array, at: int, rows: int, bit: int, t: float, weight: float, out: Array, k: int
) -> None:
    """Add ``weight`` times <X> and <Y> of one bit to row k of ``out``; then turn both states back."""
    sum_x = splat(lanes, psi.dtype.type(0))
    sum_y = sum_x
    back = splat(lanes, -t)
    step = 1 << bit
    for r in range(rows >> 1):
        i = at + spread(r, bit, 1)
        j = i + step
        x0, x1, p0, p1 = load(lanes, psi, i), load(lanes, psi, j), load(lanes, lam, i), load(lanes, lam, j)
        sum_x = sum_x + (p0 * swap(x1) + p1 * swap(x0))
        sum_y = sum_y + (p1 * x0 - p0 * x1)
        if t != 0:
            x0, x1 = turn(back, x0, x1)
            p0, p1 = turn(back, p0, p1)
            store(lanes, psi, i, x0)
            store(lanes, psi, j, x1)
            store(lanes, lam, i, p0)
            store(lanes, lam, j, p1)
    out[k, 0] += weight * difference(lanes, psi, sum_x)
    out[k, 1] += weight * lane_sum(sum_y)


@kernel
def difference(lanes: Lanes, like: Array, x: Any) -> Any:
    """Return the sum of the lower half minus that of the upper one."""
    return lane_sum(x * halves(lanes, like.dtype.type(1), like.dtype.type(-1)))


@kernel
def undo_two(
    lanes: Lanes,
    psi: Array,
    lam: Array,
    at: int,
    rows: int,
    bit: int,
    t0: float,
    t1: float,
    weight: float,
    out: Array,
    k0: int,
    k1: int,
) -> None:
    """As ``undo_one``, of a bit and the one above it."""
    x_low = splat(lanes, psi.dtype.type(0))
    y_low, x_high, y_high = x_low, x_low, x_low
    back0, back1 = splat(lanes, -t0), splat(lanes, -t1)
    step = 1 << bit
    for r in range(rows >> 2):
        i = at + spread(r, bit, 2)
        j, k, m = i + step, i + 2 * step, i + 3 * step
        xi, xj, xk, xm = load(lanes, psi, i), load(lanes, psi, j), load(lanes, psi, k), load(lanes, psi, m)
        pi, pj, pk, pm = load(lanes, lam, i), load(lanes, lam, j), load(lanes, lam, k), load(lanes, lam, m)
        yi, yj, yk, ym = swap(xi), swap(xj), swap(xk), swap(xm)
        x_low = x_low + ((pi * yj + pj * yi) + (pk * ym + pm * yk))
        x_high = x_high + ((pi * yk + pk * yi) + (pj * ym + pm * yj))
        y_low = y_low + ((pj * xi - pi * xj) + (pm * xk - pk * xm))
        y_high = y_high + ((pk * xi - pi * xk) + (pm * xj - pj * xm))
        if t0 != 0 or t1 != 0:
            _turn_two_back(lanes, psi, i, step, back0, back1, xi, xj, xk, xm)
            _turn_two_back(lanes, lam, i, step, back0, back1, pi, pj, pk, pm)
    out[k0, 0] += weight * difference(lanes, psi, x_low)
    out[k0, 1] += weight * lane_sum(y_low)
    out[k1, 0] += weight * difference(lanes, psi, x_high)
    out[k1, 1] += weight * lane_sum(y_high)


@kernel
def _turn_two_back(
    lanes: Lanes, x: Array, i: int, step: int, back0: Any, back1: Any, a: Any, b: Any, c: Any, d: Any
) -> None:
    a, b = turn(back0, a, b)
    c, d = turn(back0, c, d)
    a, c = turn(back1, a, c)
    b, d = turn(back1, b, d)
    store(lanes, x, i, a)
    store(lanes, x, i + step, b)
    store(lanes, x, i + 2 * step, c)
    store(lanes, x, i + 3 * step, d)


@kernel
def rotate_lanes(lanes: Lanes, x: Array, at: int, rows: int, bit: int, matrix: Array, k: int, sign: float) -> None:
    """Apply [[a, -b*], [b, a*]], another one in each lane, to one bit; its inverse where ``sign`` is -1.

    Rows k to k + 3 of ``matrix`` hold (Re a | Re a), (-Im a | Im a) and the same of b: the factors of x and of swap(x)
    in a x.
    """
    flip = splat(lanes, x.dtype.type(sign))
    ar, ai = load(lanes, matrix, k), flip * load(lanes, matrix, k + 1)
    br, bi = flip * load(lanes, matrix, k + 2), flip * load(lanes, matrix, k + 3)
    step = 1 << bit
    for r in range(rows >> 1):
        i = at + spread(r, bit, 1)
        x0, x1 = load(lanes, x, i), load(lanes, x, i + step)
        y0, y1 = swap(x0), swap(x1)
        store(lanes, x, i, ar * x0 + ai * y0 - br * x1 + bi * y1)
        store(lanes, x, i + step, br * x0 + bi * y0 + ar * x1 - ai * y1)


@kernel
def correlate(
    lanes: Lanes, psi: Array, lam: Array, at: int, rows: int, bit: int, weight: float, out: Array, k: int
) -> None:
    """Add ``weight`` times <X>, <Y> and <Z> of one bit to rows k to k + 2 of ``out``: each the sum of the halves."""
    sum_x = splat(lanes, psi.dtype.type(0))
    sum_y, sum_z = sum_x, sum_x
    step = 1 << bit
    for r in range(rows >> 1):
        i = at + spread(r, bit, 1)
        j = i + step
        x0, x1, p0, p1 = load(lanes, psi, i), load(lanes, psi, j), load(lanes, lam, i), load(lanes, lam, j)
        y0, y1 = swap(x0), swap(x1)
        sum_x = sum_x + (p0 * y1 + p1 * y0)
        sum_y = sum_y + (p1 * x0 - p0 * x1)
        sum_z = sum_z + (p0 * y0 - p1 * y1)
    signed = halves(lanes, psi.dtype.type(weight), psi.dtype.type(-weight))
    store(lanes, out, k, load(lanes, out, k) + signed * sum_x)
    store(lanes, out, k + 1, load(lanes, out, k + 1) + splat(lanes, psi.dtype.type(weight)) * sum_y)
    store(lanes, out, k + 2, load(lanes, out, k + 2) + signed * sum_z)
