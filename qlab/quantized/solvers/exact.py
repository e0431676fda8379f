"""All bit strings, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dimod
import numpy as np

from qlab.errors import CapabilityError
from qlab.quantized.intervals import Integers
from qlab.quantized.solvers.base import Answers, coefficients
from qlab.quantized.spline import Floats

_LOW_BITS = 14
_HIGH_BLOCK = 64
_TIE = 1e-9  # of the largest coefficient


@dataclass(frozen=True)
class Exact:
    """Finds the bit strings of lowest energy among all; which of equals is a matter of chance.

    Attributes:
        most_bits: of a model; each bit more doubles the time (24 bits: about a second).
    """

    most_bits: int = 24

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return the ``reads`` best bit strings; raises ``CapabilityError`` for a model of too many bits."""
        n = model.num_variables
        if n > self.most_bits:
            raise CapabilityError(
                f"solver=exact goes through all strings of at most {self.most_bits} bits, not {n}; "
                "use solver=simulated_annealing, or decompose by samples"
            )
        linear, quadratic = coefficients(model)
        tie = _TIE * max(1.0, float(np.abs(linear).max(initial=0)), float(np.abs(quadratic).max(initial=0)))
        numbers, energies = np.zeros(0, dtype=np.int64), np.zeros(0)
        for first, block in _energies(linear, quadratic):
            kept = _best(block, reads, tie)
            numbers = np.concatenate([numbers, first + kept])
            energies = np.concatenate([energies, block[kept]])
            kept = _best(energies, reads, tie)
            numbers, energies = numbers[kept], energies[kept]
        shuffled = generator.permutation(len(numbers))
        order = shuffled[np.argsort(np.round(energies[shuffled] / tie), kind="stable")][:reads]
        bits = (numbers[order, None] >> np.arange(n) & 1).astype(np.uint8)
        return Answers(bits, energies[order] + float(model.offset))


def _energies(linear: Floats, quadratic: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield the number of the first string and the energies of a block of strings in counting order."""
    n_low = min(len(linear), _LOW_BITS)
    low = _strings(n_low, 0, 1 << n_low)
    of_low = _energy(low, linear[:n_low], quadratic[:n_low, :n_low])
    n_high = len(linear) - n_low
    for start in range(0, 1 << n_high, _HIGH_BLOCK):
        high = _strings(n_high, start, min(start + _HIGH_BLOCK, 1 << n_high))
        of_high = _energy(high, linear[n_low:], quadratic[n_low:, n_low:])
        between = high @ (low @ quadratic[:n_low, n_low:]).T  # (high, low)
        yield start << n_low, (between + of_high[:, None] + of_low).ravel()


def _strings(n_bits: int, first: int, last: int) -> Floats:
    return (np.arange(first, last)[:, None] >> np.arange(n_bits) & 1).astype(float)


def _energy(strings: Floats, linear: Floats, quadratic: Floats) -> Floats:
    return np.asarray(strings @ linear + ((strings @ quadratic) * strings).sum(axis=1))


def _best(energies: Floats, reads: int, tie: float) -> Integers:
    """Return where the ``reads`` lowest energies are, and all that equal the last of them."""
    if len(energies) <= reads:
        return np.arange(len(energies))
    return np.flatnonzero(energies <= np.partition(energies, reads - 1)[reads - 1] + tie)
