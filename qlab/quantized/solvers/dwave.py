"""The annealers of D-Wave."""

from __future__ import annotations

from dataclasses import dataclass

import dimod
import numpy as np

from qlab.errors import CapabilityError
from qlab.quantized.solvers.base import Answers, of_samples


@dataclass(frozen=True)
class DWave:
    """A quantum annealer, through the account that Ocean's configuration names.

    Attributes:
        annealing_time: of each read, in microseconds.
    """

    annealing_time: float = 20.0

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return one bit string per read; the generator has no say.

        Raises:
            CapabilityError: dwave-system is not installed, or no annealer can be reached.
        """
        try:
            from dwave.system import DWaveSampler, EmbeddingComposite
        except ImportError as error:
            raise CapabilityError("solver=dwave needs dwave-system: pip install 'qlab[dwave]'") from error
        try:
            sampler = EmbeddingComposite(DWaveSampler())
        except Exception as error:  # whatever Ocean finds missing: token, network, solver
            raise CapabilityError(
                f"solver=dwave reaches no annealer: {error}; 'dwave config create' sets one"
            ) from error
        found = sampler.sample(model, num_reads=reads, annealing_time=self.annealing_time, answer_mode="raw")
        return of_samples(found, model.num_variables)
