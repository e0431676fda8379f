"""The seam of the solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import dimod
import numpy as np

from qlab.quantized.network import Bits
from qlab.quantized.spline import Floats


@dataclass(frozen=True, eq=False)
class Answers:
    """Bit strings (R, n_bits) with their energies (R,), the lowest first."""

    bits: Bits
    energies: Floats

    @staticmethod
    def sorted(bits: Bits, energies: Floats) -> Answers:
        """Return answers in the order of their energies."""
        order = np.argsort(energies, kind="stable")
        return Answers(bits[order], energies[order])


class Solver(Protocol):
    """Searches for bit strings of low energy."""

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return at most ``reads`` bit strings; bit i is the model's variable i.

        Raises:
            CapabilityError: the model is too large for this solver, or the solver is not there.
        """


def of_samples(found: dimod.SampleSet, n_bits: int) -> Answers:
    """Return what a sampler of D-Wave's has found, one row for each read."""
    order = np.argsort(np.asarray(found.variables, dtype=int))
    bits = found.record.sample[:, order[:n_bits]].astype(np.uint8)
    return Answers.sorted(bits, np.asarray(found.record.energy, dtype=float))


def coefficients(model: dimod.BinaryQuadraticModel) -> tuple[Floats, Floats]:
    """Return linear (n,) and upper triangular quadratic (n, n) coefficients."""
    linear, quadratic, _ = model.to_numpy_vectors(variable_order=range(model.num_variables))
    upper = np.zeros((len(linear), len(linear)))
    rows, columns = np.minimum(quadratic.row_indices, quadratic.col_indices), np.maximum(*quadratic[:2])
    np.add.at(upper, (rows, columns), quadratic.biases)
    return np.asarray(linear, dtype=float), upper
