"""The first state, which is a product of qubits or has the inputs as amplitudes, and the gradients by it.

It is worked on in blocks of contiguous rows, which threads can share.
"""

from __future__ import annotations

from qlab.engine.compiled.jit import Array, Lanes, kernel
from qlab.engine.compiled.moves import disentangle
from qlab.engine.compiled.simd import halves, load, store, swap
from qlab.engine.compiled.tables import Numbers, Stages, Steps
from qlab.engine.compiled.tiles import correlate
from qlab.engine.compiled.windows import Window, part

_BLOCK_BITS = 8


@kernel
def fill_first_state(
    lanes: Lanes, c: int, count: int, n: int, matrices: Array, amplitudes: Array, psi: Array, window: Window
) -> None:
    """Fill ``psi`` with the first states of ``count`` chunks; ``matrices`` and ``amplitudes`` are the execution's."""
    width, bits, qubits = 1 << len(lanes) >> 1, min(n, _BLOCK_BITS), matrices.reshape(-1)
    first, last = part(window, 1 << (n - bits))
    for k in range(count):
        for row in range(first << bits, last << bits, 1 << bits):
            if amplitudes.size:
                _embed(psi, amplitudes, (c + k) * width, width, k << n, row, 1 << bits)
            else:
                _product(lanes, psi, k << n, row, bits, qubits, 4 * (c + k) * matrices.shape[1], n)


@kernel
def _embed(psi: Array, amplitudes: Array, sample: int, width: int, home: int, row: int, rows: int) -> None:
    at = 2 * width * (home + row)
    psi[at : at + 2 * width * rows] = 0
    for lane in range(width):
        b = min(sample + lane, amplitudes.shape[0] - 1)
        for j in range(rows):
            psi[at + 2 * width * j + lane] = amplitudes[b, row + j]


@kernel
def _product(lanes: Lanes, psi: Array, home: int, row: int, bits: int, qubits: Array, k: int, n: int) -> None:
    """Fill a block of 2^bits rows with the product over bits b of (a, b).

    Rows k + 4b to k + 4b + 3 of ``qubits`` are as in ``rotate_lanes``.
    """
    x = halves(lanes, psi.dtype.type(1), psi.dtype.type(0))
    for bit in range(bits, n):
        factor = k + 4 * bit + 2 * (row >> bit & 1)
        x = load(lanes, qubits, factor) * x + load(lanes, qubits, factor + 1) * swap(x)
    store(lanes, psi, home + row, x)
    for bit in range(bits):
        ar, ai = load(lanes, qubits, k + 4 * bit), load(lanes, qubits, k + 4 * bit + 1)
        br, bi = load(lanes, qubits, k + 4 * bit + 2), load(lanes, qubits, k + 4 * bit + 3)
        for r in range(home + row, home + row + (1 << bit)):
            x = load(lanes, psi, r)
            y = swap(x)
            store(lanes, psi, r + (1 << bit), br * x + bi * y)
            store(lanes, psi, r, ar * x + ai * y)


@kernel
def reach_first_state(
    lanes: Lanes,
    c: int,
    count: int,
    batch: int,
    n: int,
    stages: Stages,
    steps: Steps,
    numbers: Numbers,
    psi: Array,
    lam: Array,
    later_psi: Array,
    later_lam: Array,
    by_lane: Array,
    by_amplitude: Array,
    window: Window,
) -> None:
    """Undo the first entangler of ``count`` chunks with ``batch`` samples, and add the gradients by amplitudes.

    Or those by the qubits of a product state that lie in a block; of a block its first row is left, for ``contract``.
    """
    segments, bits, stride = steps.segments, min(n, _BLOCK_BITS), numbers.matrices.shape[1]
    width, qubits = 1 << len(lanes) >> 1, numbers.matrices.reshape(-1)
    first, last = part(window, 1 << (n - bits))
    for k in range(count):
        home = k << n
        for row in range(first << bits, last << bits, 1 << bits):
            if segments.shape[0]:
                disentangle(
                    lanes, psi, lam, home, home + row, row, 0, bits, later_psi, later_lam, segments[0, 2],
                    segments[0, 3], stages.targets[stages.network_of[0]], numbers.flips[0], numbers.phases[0],
                )  # fmt: skip
            if by_amplitude.size:
                for lane in range(min(width, batch - k * width)):
                    for j in range(row, row + (1 << bits)):
                        by_amplitude[(c + k) * width + lane, j] = 2 * lam[2 * width * (home + j) + lane]
            else:
                _contract(lanes, psi, lam, home + row, bits, qubits, 4 * (c + k) * stride, by_lane, 3 * k * stride)


@kernel
def contract_blocks(
    lanes: Lanes, c: int, count: int, n: int, matrices: Array, psi: Array, lam: Array, by_lane: Array
) -> None:
    """Add the gradients by the qubits of a product state that ``reach_first_state`` left out."""
    low, stride, qubits = min(n, _BLOCK_BITS), matrices.shape[1], matrices.reshape(-1)
    for k in range(count):
        home = k << n
        for r in range(1, 1 << (n - low)):
            store(lanes, psi, home + r, load(lanes, psi, home + (r << low)))
            store(lanes, lam, home + r, load(lanes, lam, home + (r << low)))
        first = (c + k) * stride + low
        _contract(lanes, psi, lam, home, n - low, qubits, 4 * first, by_lane, 3 * (k * stride + low))


@kernel
def _contract(
    lanes: Lanes, psi: Array, lam: Array, at: int, bits: int, qubits: Array, k: int, by_lane: Array, out: int
) -> None:
    """Add the correlations of each bit to ``by_lane`` and leave the states' overlaps with all their (a, b)."""
    for bit in range(bits - 1, -1, -1):
        correlate(lanes, psi, lam, at, 2 << bit, bit, psi.dtype.type(1), by_lane, out + 3 * bit)
        _overlap(lanes, psi, at, bit, qubits, k + 4 * bit)
        _overlap(lanes, lam, at, bit, qubits, k + 4 * bit)


@kernel
def _overlap(lanes: Lanes, x: Array, at: int, bit: int, qubits: Array, k: int) -> None:
    """Replace a state of ``bit`` + 1 bits by its overlap with the top bit's (a, b)."""
    ar, ai = load(lanes, qubits, k), load(lanes, qubits, k + 1)
    br, bi = load(lanes, qubits, k + 2), load(lanes, qubits, k + 3)
    for r in range(at, at + (1 << bit)):
        x0, x1 = load(lanes, x, r), load(lanes, x, r + (1 << bit))
        store(lanes, x, r, ar * x0 - ai * swap(x0) + br * x1 - bi * swap(x1))
