"""Descent over bits, one at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qlab.quantized.network import Bits
from qlab.quantized.spline import Floats

Energy = Callable[[Bits], Floats]


def descend(energy: Energy, start: Bits, generator: np.random.Generator) -> tuple[Bits, float]:
    """Flip the best single bit until no flip lowers the energy; which of equals is a matter of chance.

    Args:
        energy: from bit strings (S, n) to their energies (S,).
        start: (n,).
        generator: decides between equals.

    Returns:
        The last bit string (n,) and its energy.
    """
    bits, lowest = start.copy(), float(energy(start[None])[0])
    flips = np.eye(len(start), dtype=np.uint8)
    while True:
        energies = energy(bits ^ flips)
        if energies.min() >= lowest - 1e-9:
            return bits, lowest
        lowest = float(energies.min())
        bits = bits ^ flips[generator.choice(np.flatnonzero(energies <= lowest + 1e-9))]
