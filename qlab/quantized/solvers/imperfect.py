"""What a machine does to a solver: noise, and coefficients of few bits."""

from __future__ import annotations

from dataclasses import dataclass

import dimod
import numpy as np

from qlab.errors import OptionError
from qlab.quantized.solvers.base import Answers, Solver, coefficients


@dataclass(frozen=True)
class Imperfect:
    """Gives another solver a distorted model, and misreads the energies of its answers.

    Attributes:
        solver: that is asked.
        coefficient_noise: standard deviation of what is added to every coefficient, as a part of the largest.
        energy_noise: standard deviation of what is added to the energy of every answer, in the model's unit.
        coefficient_bits: to how many bits, sign included, coefficients are rounded; None for no rounding.
    """

    solver: Solver
    coefficient_noise: float = 0.0
    energy_noise: float = 0.0
    coefficient_bits: int | None = None

    def __post_init__(self) -> None:
        if min(self.coefficient_noise, self.energy_noise) < 0:
            raise OptionError("the standard deviation of a solver's noise must be >= 0")
        if self.coefficient_bits is not None and self.coefficient_bits < 2:
            raise OptionError(f"coefficients need at least 2 bits, one of them the sign, not {self.coefficient_bits}")

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return what the other solver finds for the distorted model, with energies of the true one, then noise."""
        answers = self.solver.solve(self.distorted(model, generator), reads, generator)
        energies = np.asarray(model.energies((answers.bits, list(range(model.num_variables)))), dtype=float)
        energies = energies + self.energy_noise * generator.standard_normal(len(energies))
        return Answers.sorted(answers.bits, energies)

    def distorted(
        self, model: dimod.BinaryQuadraticModel, generator: np.random.Generator
    ) -> dimod.BinaryQuadraticModel:
        """Return the model that the other solver gets; coefficients that are zero stay zero."""
        linear, quadratic = coefficients(model)
        largest = max(float(np.abs(linear).max(initial=0)), float(np.abs(quadratic).max(initial=0)))
        if largest == 0 or (self.coefficient_noise == 0 and self.coefficient_bits is None):
            return model
        rows, columns = np.nonzero(quadratic)
        values = np.concatenate([linear, quadratic[rows, columns]])
        if self.coefficient_bits is not None:
            step = largest / ((1 << (self.coefficient_bits - 1)) - 1)
            values = step * np.rint(values / step)
        values = values + self.coefficient_noise * largest * generator.standard_normal(len(values)) * (values != 0)
        n = len(linear)
        return dimod.BinaryQuadraticModel.from_numpy_vectors(
            values[:n], (rows, columns, values[n:]), float(model.offset), dimod.BINARY
        )
