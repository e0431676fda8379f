"""The seam between heads and whatever executes their circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.trajectories.streams import Samples, Seed
from qlab.errors import CapabilityError
from qlab.noise.noisy import NoisyCircuit

Observables = Sequence[PauliWord | str]


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do.

    Attributes:
        exact: gives expectation values without statistical error.
        shots: can estimate them from a given number of measurements.
        noise: can execute a noise model.
        gradients: by what its values can be differentiated: "inputs", "weights".
        batched: whether a batch takes less than its samples one after the other.
    """

    exact: bool
    shots: bool
    noise: bool
    gradients: frozenset[str]
    batched: bool = True


class Backend(Protocol):
    """Executes circuits on batches of samples."""

    def capabilities(self) -> Capabilities:
        """Return what it can do."""
        ...

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return how it executes ``circuit`` on ``batch`` samples: options by name, every choice left open made."""
        ...

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K) without noise, in the backend's own real precision.

        Args:
            circuit: what to execute.
            inputs: (B, n_inputs), one row per sample: angles in radians, or amplitudes.
            weights: (n_weights,), in radians.
            observables: K Pauli words; Z on every qubit where none are given.

        Raises:
            CapabilityError: it has no exact values.
        """
        ...

    def estimate(
        self,
        noisy: NoisyCircuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        *,
        shots: int | None,
        seed: Seed,
        samples: Samples = 0,
    ) -> Estimate:
        """Return expectation values of a circuit with noise in it, or from shots.

        Args:
            noisy: what to execute: every channel of it, and its readout error.
            inputs: as in ``expectations``.
            weights: as in ``expectations``.
            observables: K Pauli words on the qubits of the circuit as written.
            shots: measurements per sample; None asks for expectation values.
            seed: of everything that is drawn.
            samples: a number for each sample, or that of the first one; with the seed it decides what a sample suffers.

        Raises:
            CapabilityError: it cannot do what ``noisy`` or ``shots`` ask for.
        """
        ...


def refuse(name: str, capabilities: Capabilities, noise: bool, shots: int | None) -> None:
    """Raise ``CapabilityError`` where ``noise`` or ``shots`` ask the backend ``name`` for what it cannot do."""
    if noise and not capabilities.noise:
        raise CapabilityError(f"the backend {name} cannot execute a noise model; use noise=none")
    if shots is not None and not capabilities.shots:
        raise CapabilityError(f"the backend {name} cannot estimate from {shots} shots; leave shots out")
    if shots is None and not capabilities.exact:
        raise CapabilityError(f"the backend {name} has no exact expectation values; give a number of shots")
