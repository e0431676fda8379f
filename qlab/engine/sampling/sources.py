"""Where outcomes come from: exact distributions of density matrices, or trajectories, one for each shot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.engine import density
from qlab.engine.sampling.outcomes import Outcomes, draw
from qlab.engine.trajectories.streams import Rows, portions
from qlab.engine.trajectories.unravelling import unravel
from qlab.noise.noisy import NoisyCircuit

Generators = Sequence[np.random.Generator]
Counts = NDArray[np.int64]


class Source(Protocol):
    """Draws outcomes of measuring some qubits in the Z basis, before the readout error."""

    @property
    def bits(self) -> dict[int, int]:
        """Which bit of an outcome is each measured qubit."""
        ...

    def outcomes(self, shots: int, generators: Generators) -> tuple[list[Outcomes], Counts]:
        """Return the outcomes (shots,) of each sample, and the number (B,) of states with errors that it took.

        A sample whose probabilities are NaN, for its inputs or the weights are, has no outcomes.
        """
        ...


class FromDensity:
    """Draws from the exact distribution, which is computed once for each sample."""

    def __init__(
        self,
        noisy: NoisyCircuit,
        qubits: tuple[int, ...],
        inputs: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        self.bits = {qubit: len(qubits) - 1 - place for place, qubit in enumerate(qubits)}
        written = [noisy.measured.index(qubit) for qubit in qubits]
        found = density.probabilities(noisy, inputs, weights, written, dtype, readout=False)
        self._probabilities = found.cpu().double().numpy()  # (B, 2^m)

    def outcomes(self, shots: int, generators: Generators) -> tuple[list[Outcomes], Counts]:
        """Return outcomes; no state with errors is needed."""
        pairs = zip(self._probabilities, generators, strict=True)
        return [draw(row, generator.random(shots)) for row, generator in pairs], np.zeros(len(generators), np.int64)


class FromTrajectories:
    """Draws each shot from a state of its own; shots without errors share one.

    So the cost is one state for each sample, and one for each shot in which errors happen.
    """

    def __init__(
        self,
        noisy: NoisyCircuit,
        qubits: tuple[int, ...],
        inputs: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        self.bits = {qubit: noisy.n_qubits - 1 - qubit for qubit in qubits}
        self._values = np.array([1 << bit for bit in self.bits.values()], np.int64)
        words = tuple(PauliWord(((qubit, "Z"),)) for qubit in qubits)
        self._unravelling = unravel(noisy, words, inputs, weights, dtype)

    def outcomes(self, shots: int, generators: Generators) -> tuple[list[Outcomes], Counts]:
        """Return outcomes, and how many shots of each sample had errors."""
        errors = (1 - self._unravelling.noiseless()).clamp(0, 1).nan_to_num(0).tolist()
        pairs = zip(generators, errors, strict=True)
        eventful = np.array([generator.binomial(shots, error) for generator, error in pairs], np.int64)
        distributions = (row for states in self._unravelling.quiet_states() for row in squares(states).cpu().numpy())
        found = []
        for sample, (distribution, generator) in enumerate(zip(distributions, generators, strict=True)):
            if np.isnan(distribution).any():
                eventful[sample] = 0
            found.append([draw(distribution, generator.random(shots - eventful[sample]))])
        for rows in portions(eventful, generators):
            parts = np.split(self._eventful(rows), np.cumsum(rows.counts)[:-1])
            for sample, part in zip(rows.samples, parts, strict=True):
                found[sample].append(part)
        return [np.concatenate(parts) for parts in found], eventful

    def _eventful(self, rows: Rows) -> Outcomes:
        """Return an outcome of each trajectory (R,) with errors."""
        positions = torch.from_numpy(rows.draw(lambda generator, count: generator.random(count)))
        found, done = [], 0
        for states, flips in self._unravelling.eventful_states(rows):
            sums = squares(states).cumsum(1)  # (C, 2^n)
            chosen = positions[done : done + len(sums), None].to(sums.device) * sums[:, -1:]
            outcomes = torch.searchsorted(sums[:, :-1].contiguous(), chosen, right=True)[:, 0]
            found.append(outcomes.cpu().numpy() ^ flips.cpu().numpy() @ self._values)
            done += len(sums)
        return np.concatenate(found)


def squares(states: torch.Tensor) -> torch.Tensor:
    """Return the squares (C, 2^n) of amplitudes (2^n, C) in double precision."""
    return (states.real.double().square() + states.imag.double().square()).T.contiguous()
