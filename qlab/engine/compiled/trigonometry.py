"""Cosines and sines of many angles at once: the library's take a call each, which is most of a small circuit's time."""

from __future__ import annotations

from math import factorial
from typing import Any

from qlab.engine.compiled.jit import Array, Lanes, kernel
from qlab.engine.compiled.simd import load, nearest, splat, store

_TERMS = 11  # of each series: at pi/2 the next one is below 1e-17
_COSINE = tuple((-1) ** k / factorial(2 * k) for k in range(_TERMS))
_SINE = tuple((-1) ** k / factorial(2 * k + 1) for k in range(_TERMS))
_PI = 3.141592653589793
_PI_HIGH = 3.141592651605606  # its first 27 bits: products with whole numbers below 2^26 are exact
_PI_LOW = 1.984187159361081e-09


@kernel
def cos_sin(lanes: Lanes, number: Any, rest: Any, half_turns: Any) -> Any:
    """Return cos and sin of ``rest`` + pi ``half_turns``: whole numbers, and what is between -pi/2 and pi/2."""
    square = rest * rest
    odd = half_turns * splat(lanes, number(0.5))
    odd = odd - nearest(odd)  # +-1/2 behind an odd number of half turns
    sign = splat(lanes, number(1.0)) - splat(lanes, number(8.0)) * odd * odd
    c, s = splat(lanes, number(0.0)), splat(lanes, number(0.0))
    for k in range(_TERMS - 1, -1, -1):
        c = c * square + splat(lanes, number(_COSINE[k]))
        s = s * square + splat(lanes, number(_SINE[k]))
    return sign * c, sign * s * rest


@kernel
def cos_sin_of_turns(lanes: Lanes, number: Any, turns: Any) -> Any:
    """Return cos and sin of pi times ``turns``."""
    half_turns = nearest(turns)
    return cos_sin(lanes, number, (turns - half_turns) * splat(lanes, number(_PI)), half_turns)


@kernel
def fill_cos_sin(lanes: Lanes, table: Array) -> None:
    """Fill rows 1 and 2 of ``table`` (3, T) with cos and sin of row 0, in radians; T is a multiple of V."""
    number, size = table.dtype.type, table.shape[1] >> len(lanes)
    flat = table.reshape(-1)
    for r in range(size):
        x = load(lanes, flat, r)
        half_turns = nearest(x * splat(lanes, number(1 / _PI)))
        rest = x - half_turns * splat(lanes, number(_PI_HIGH)) - half_turns * splat(lanes, number(_PI_LOW))
        c, s = cos_sin(lanes, number, rest, half_turns)
        store(lanes, flat, size + r, c)
        store(lanes, flat, 2 * size + r, s)
