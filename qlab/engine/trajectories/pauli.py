"""Trajectories of circuits whose channels all are mixtures of Paulis."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.checkpoint import checkpoint

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.choice import Method
from qlab.engine.states import final_states
from qlab.engine.statevector import expectations
from qlab.engine.trajectories.frames import frames
from qlab.engine.trajectories.streams import Rows
from qlab.noise.noisy import NoisyCircuit

_ROW_BYTES = 1 << 26  # of inputs and of what is computed from them
_KEPT_BYTES = 1 << 28  # of final states, which a backward pass keeps
_CHUNK_BYTES = {"cpu": 1 << 21, "cuda": 1 << 28}  # of states that are worked on at once
_COPIES = 8  # of a row's inputs, roughly: as they are, as angles, their cosines, matrices


class PauliTrajectories:
    """Executes errors as inputs of one circuit; see ``frames``. An ``Unravelling``."""

    def __init__(
        self,
        noisy: NoisyCircuit,
        words: tuple[PauliWord, ...],
        inputs: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
        method: Method,
    ) -> None:
        self._frames = frames(noisy, words)
        self._ideal, self._words = noisy.circuit, words
        self._inputs, self._weights = inputs, weights
        self._dtype, self._method = dtype, method
        self._kept = 0

    def noiseless(self) -> torch.Tensor:
        """Return the probability (B,) of no error, which no input enters."""
        probability: torch.Tensor = torch.full((len(self._inputs),), self._frames.events.quiet, dtype=torch.float64)
        return probability

    def quiet_values(self) -> torch.Tensor:
        """Return the values (B, M) of the ideal circuit."""
        return self._values(self._ideal, self._inputs, self._weights)

    def eventful_values(self, rows: Rows) -> torch.Tensor:
        """Return the values (R, M) of trajectories with errors."""
        size = _ROW_BYTES // (8 * _COPIES * (self._frames.circuit.n_inputs + 1))
        if self._has_gradient:
            size = min(size, _KEPT_BYTES // self._state_bytes)
        return torch.cat([self._some(bits, owners) for bits, owners in self._drawn(rows, size)])

    def quiet_states(self) -> Iterator[torch.Tensor]:
        """Yield final states (2^n, C) of the ideal circuit."""
        for inputs in self._inputs.split(max(1, self._chunk_bytes // self._state_bytes)):
            if len(inputs):
                yield final_states(self._ideal, inputs, self._weights, self._dtype).T

    def eventful_states(self, rows: Rows) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield final states (2^n, C) of trajectories with errors, and the signs (C, M) that errors flip."""
        for bits, owners in self._drawn(rows, self._chunk_bytes // self._state_bytes):
            inputs = self._with_errors(self._inputs, bits, owners)
            states = final_states(self._frames.circuit, inputs, self._weights, self._dtype).T
            yield states, bits[:, : len(self._words)].bool()

    def _drawn(self, rows: Rows, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield bits (C, M + extra) of errors and the sample (C,) of each trajectory, at most ``size`` at once."""
        bits = torch.from_numpy(self._frames.events.draw(rows)).to(self._inputs.device)
        owners = torch.from_numpy(rows.owners).to(self._inputs.device)
        return zip(bits.split(max(1, size)), owners.split(max(1, size)), strict=True)

    def _with_errors(self, inputs: torch.Tensor, bits: torch.Tensor, owners: torch.Tensor) -> torch.Tensor:
        """Return inputs (C, n_inputs + extra) of the circuit that executes errors."""
        return torch.cat([inputs.double().index_select(0, owners), bits[:, len(self._words) :].double()], dim=1)

    def _some(self, bits: torch.Tensor, owners: torch.Tensor) -> torch.Tensor:
        """Return the values (C, M) of some trajectories."""

        def execute(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
            return self._values(self._frames.circuit, self._with_errors(inputs, bits, owners), weights)

        self._kept += len(bits) * self._state_bytes if self._has_gradient else 0
        if self._kept > _KEPT_BYTES:  # the backward pass computes them anew, part by part
            values = checkpoint(execute, self._inputs, self._weights, use_reentrant=False, preserve_rng_state=False)
        else:
            values = execute(self._inputs, self._weights)
        found: torch.Tensor = values * (1 - 2 * bits[:, : len(self._words)].to(values.dtype))
        return found

    def _values(self, circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return expectations(circuit, inputs, weights, self._words, self._dtype, method=self._method)

    @property
    def _has_gradient(self) -> bool:
        return torch.is_grad_enabled() and (self._inputs.requires_grad or self._weights.requires_grad)

    @property
    def _state_bytes(self) -> int:
        return self._dtype.itemsize << self._ideal.n_qubits

    @property
    def _chunk_bytes(self) -> int:
        return _CHUNK_BYTES.get(self._inputs.device.type, _CHUNK_BYTES["cuda"])
