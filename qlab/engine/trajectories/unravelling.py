"""What the trajectories of a noisy circuit are, whatever its channels are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.choice import Method
from qlab.engine.trajectories.kraus import KrausTrajectories
from qlab.engine.trajectories.pauli import PauliTrajectories
from qlab.engine.trajectories.streams import Rows
from qlab.noise.noisy import NoisyCircuit


class Unravelling(Protocol):
    """A noisy circuit on a batch of samples, with M words, as pure states of two kinds.

    In the quiet one no error happens. It is known, with its probability; so only the others are drawn.
    """

    def noiseless(self) -> torch.Tensor:
        """Return for each sample the probability (B,) that no error happens; doubles."""
        ...

    def quiet_values(self) -> torch.Tensor:
        """Return the values (B, M) where no error happens."""
        ...

    def eventful_values(self, rows: Rows) -> torch.Tensor:
        """Return the values (R, M) of trajectories in which errors happen."""
        ...

    def quiet_states(self) -> Iterator[torch.Tensor]:
        """Yield the final states (2^n, C) where no error happens, of any norm, chunk by chunk."""
        ...

    def eventful_states(self, rows: Rows) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the same of trajectories in which errors happen, and (C, M) which words' signs are to be flipped."""
        ...


def unravel(
    noisy: NoisyCircuit,
    words: tuple[PauliWord, ...],
    inputs: torch.Tensor,
    weights: torch.Tensor,
    dtype: torch.dtype,
    method: Method = "auto",
) -> Unravelling:
    """Return the trajectories of a noisy circuit.

    Raises:
        CapabilityError: a gradient is asked for that is not possible.
    """
    if noisy.is_pauli:
        return PauliTrajectories(noisy, words, inputs, weights, dtype, method)
    return KrausTrajectories(noisy, words, inputs, weights, dtype)
