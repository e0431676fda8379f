"""Basis states as numbers: qubit q of n is bit n-1-q, so that qubit 0 is the most significant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.gates import Permutation

IntArray = NDArray[np.int64]


def mask_of(qubits: Iterable[int], n_qubits: int) -> int:
    """Return the number whose set bits are these qubits."""
    return sum(1 << (n_qubits - 1 - qubit) for qubit in qubits)


def signs(masks: Sequence[int], n_bits: int) -> NDArray[np.int8]:
    """Return (-1)^(number of common set bits) of each mask and each of the 2^n_bits numbers: (K, 2^n_bits)."""
    columns = np.arange(1 << n_bits, dtype=np.uint64)
    common = np.asarray(masks, dtype=np.uint64)[:, None] & columns
    odd: NDArray[np.int8] = (np.bitwise_count(common) & 1).astype(np.int8)
    return 1 - 2 * odd


def destinations(parts: Sequence[Permutation], n_qubits: int) -> IntArray:
    """Return where each basis state goes when ``parts`` move it in turn: (2^n,)."""
    state = np.arange(1 << n_qubits, dtype=np.int64)
    for part in parts:
        shifts = [n_qubits - 1 - qubit for qubit in part.qubits]
        local = np.zeros_like(state)
        for shift in shifts:
            local = local << 1 | (state >> shift & 1)
        changed = np.asarray(part.table, dtype=np.int64)[local] ^ local
        for place, shift in enumerate(reversed(shifts)):
            state ^= (changed >> place & 1) << shift
    return state
