"""Trajectories of circuits with any channels: at each channel one of its Kraus operators acts, drawn by the state.

Most channels of most trajectories act with the operator of the largest weight. Whether another one can is known from
the random number alone, for no state has a larger probability of it than some bound. So all trajectories share the
matrices of no jump, and only those in which one may happen are looked at (the quantum jump method, arXiv:1405.6755).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.engine.measurement import Measurement
from qlab.engine.pruning import Word
from qlab.engine.simulator import normalised
from qlab.engine.trajectories.jumps import Jumps
from qlab.engine.trajectories.numbers import Numbers
from qlab.engine.trajectories.operations import Operation, operations_of, strikes_of
from qlab.engine.trajectories.passage import Fate, Passage
from qlab.engine.trajectories.streams import Rows
from qlab.errors import CapabilityError
from qlab.noise.noisy import NoisyCircuit

_CHUNK_BYTES = {"cpu": 1 << 22, "cuda": 1 << 28}  # of the states that are worked on at once


class _Plan:
    """What does not depend on inputs and weights."""

    def __init__(self, noisy: NoisyCircuit, words: tuple[PauliWord, ...], dtype: torch.dtype, device: torch.device):
        self.operations: tuple[Operation, ...] = operations_of(noisy, words)
        strikes = [strike for operation in self.operations for strike in strikes_of(operation)]
        known = {strike.channel: Jumps(strike.channel, dtype, device) for strike in strikes}
        self.jumps = [known[strike.channel] for strike in strikes]
        self.bounds = np.array([jumps.most for jumps in self.jumps])
        masks = [Word.of(word, noisy.n_qubits) for word in words]
        self.measurement = Measurement(masks, noisy.n_qubits, dtype.to_real(), device)


@lru_cache(maxsize=32)
def _plan(noisy: NoisyCircuit, words: tuple[PauliWord, ...], dtype: torch.dtype, device: torch.device) -> _Plan:
    return _Plan(noisy, words, dtype, device)


class KrausTrajectories:
    """An ``Unravelling`` for any channels; without gradients.

    Raises:
        CapabilityError: a gradient is asked for.
    """

    def __init__(
        self,
        noisy: NoisyCircuit,
        words: tuple[PauliWord, ...],
        inputs: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        if torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad):
            raise CapabilityError(_no_gradient(noisy))
        self._circuit, self._inputs, self._dtype = noisy.circuit, inputs.detach(), dtype
        self._n_words = len(words)
        self._plan = _plan(noisy, words, dtype, inputs.device)
        numbers = Numbers(self._plan.operations, self._plan.jumps, self._inputs, weights.detach(), dtype)
        self._passage = Passage(self._plan.operations, self._plan.jumps, numbers)

    def noiseless(self) -> torch.Tensor:
        """Return the probability (B,) of no jump."""
        return torch.from_numpy(self._survival[-1].copy())

    def quiet_values(self) -> torch.Tensor:
        """Return the values (B, M) without a jump."""
        return self._quiet[1]

    def eventful_values(self, rows: Rows) -> torch.Tensor:
        """Return the values (R, M) of trajectories with jumps."""
        return torch.cat([self._values(states) for states in self._final_states(self._fate(rows))])

    def quiet_states(self) -> Iterator[torch.Tensor]:
        """Yield final states (2^n, C) without a jump."""
        fate = self._without_jumps(looked_at=False)
        yield from self._final_states(fate)

    def eventful_states(self, rows: Rows) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield final states (2^n, C) of trajectories with jumps; no sign is flipped behind them."""
        for states in self._final_states(self._fate(rows)):
            yield states, torch.zeros(states.shape[1], self._n_words, dtype=torch.bool, device=states.device)

    @cached_property
    def _survival(self) -> NDArray[np.float64]:
        """The probability (L + 1, B) that none of the first channels jumped."""
        losses = np.insert(self._quiet[0], 0, 0.0, axis=0)
        found: NDArray[np.float64] = np.cumprod(1 - losses.clip(max=1.0), axis=0)
        return found

    @cached_property
    def _quiet(self) -> tuple[NDArray[np.float64], torch.Tensor]:
        """For each channel the probability (L, B) of a jump where none happened before, and the values (B, M)."""
        fate = self._without_jumps(looked_at=True)
        losses = torch.zeros_like(fate.draws)
        values = [self._values(states) for states in self._final_states(fate, losses)]
        return losses.cpu().numpy(), torch.cat(values)

    def _without_jumps(self, looked_at: bool) -> Fate:
        shape = len(self._plan.jumps), len(self._inputs)
        samples, never = torch.arange(shape[1]), torch.full(shape, 2.0, dtype=torch.float64)
        forced, looked = torch.zeros(shape, dtype=torch.bool), torch.full(shape, looked_at)
        return Fate(*(item.to(self._inputs.device) for item in (samples, never, forced, looked)))

    def _fate(self, rows: Rows) -> Fate:
        """Draw where jumps may happen: the first one as it does where at least one happens, the others by chance."""
        drawn = rows.draw(lambda generator, count: generator.random((count, len(self._plan.jumps) + 1))).T
        survival = self._survival[:, rows.owners]  # (L + 1, R)
        first = (survival[1:] >= 1 - drawn[0] * (1 - survival[-1])).sum(0)
        number = np.arange(len(self._plan.jumps))[:, None]
        forced, draws = number == first, np.where(number < first, 2.0, drawn[1:])
        looked_at = forced | (draws < self._plan.bounds[:, None])
        arrays = (rows.owners, draws, forced, looked_at)
        return Fate(*(torch.from_numpy(array).to(self._inputs.device) for array in arrays))

    def _final_states(self, fate: Fate, losses: torch.Tensor | None = None) -> Iterator[torch.Tensor]:
        """Yield final states (2^n, C) of any norm, chunk by chunk; fill ``losses``, see ``Passage``."""
        chunk_bytes = _CHUNK_BYTES.get(self._inputs.device.type, _CHUNK_BYTES["cuda"])
        size = max(1, chunk_bytes // (self._dtype.itemsize << self._circuit.n_qubits))
        losses = torch.empty_like(fate.draws) if losses is None else losses
        places = torch.arange(len(fate.samples), device=self._inputs.device)
        for chosen, lost in zip(places.split(size), losses.split(size, dim=1), strict=True):
            part = fate.of(chosen)
            states = self._first(part.samples)
            yield self._passage(states, part, lost) if len(chosen) else states

    def _first(self, samples: torch.Tensor) -> torch.Tensor:
        """Return the states (2^n, C) at the beginning."""
        size = 1 << self._circuit.n_qubits
        if self._circuit.embeds_amplitudes:
            return normalised(self._inputs.double()[samples, :size]).T.to(self._dtype).contiguous()
        states = torch.zeros(size, len(samples), dtype=self._dtype, device=self._inputs.device)
        states[0] = 1
        return states

    def _values(self, states: torch.Tensor) -> torch.Tensor:
        norms = states.real.square().sum(0) + states.imag.square().sum(0)
        return (self._plan.measurement.values(states) / norms.clamp(min=torch.finfo(norms.dtype).tiny)).T


def _no_gradient(noisy: NoisyCircuit) -> str:
    names = {item.channel.name for after in noisy.channels for item in after if item.channel.probabilities is None}
    return (
        f"trajectories have no gradient through {', '.join(sorted(names))}, which is no mixture of Paulis: "
        "differentiate the density matrix, or use the parameter-shift rule"
    )
