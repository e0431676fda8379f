"""The seam between heads and whatever executes their circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.errors import CapabilityError

Observables = Sequence[PauliWord | str]


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do.

    Attributes:
        exact: gives expectation values without statistical error.
        shots: can estimate them from a given number of measurements.
        noise: can execute a noise model.
        gradients: by what its values can be differentiated: "inputs", "weights".
    """

    exact: bool
    shots: bool
    noise: bool
    gradients: frozenset[str]


class Backend(Protocol):
    """Executes circuits on batches of samples."""

    def capabilities(self) -> Capabilities:
        """Return what it can do."""
        ...

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        *,
        noise: object | None = None,
        shots: int | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K), in the backend's own real precision.

        Args:
            circuit: what to execute.
            inputs: (B, n_inputs), one row per sample: angles in radians, or amplitudes.
            weights: (n_weights,), in radians.
            observables: K Pauli words; Z on every qubit where none are given.
            noise: a noise model to execute; never ignored.
            shots: measurements per circuit; None asks for exact values.

        Raises:
            CapabilityError: it cannot do what ``noise`` or ``shots`` ask for.
        """
        ...


def refuse(name: str, capabilities: Capabilities, noise: object | None, shots: int | None) -> None:
    """Raise ``CapabilityError`` where ``noise`` or ``shots`` ask the backend ``name`` for what it cannot do."""
    if noise is not None and not capabilities.noise:
        raise CapabilityError(f"the backend {name} cannot execute a noise model; use noise=none")
    if shots is not None and not capabilities.shots:
        raise CapabilityError(f"the backend {name} cannot estimate from {shots} shots; leave shots out")
    if shots is None and not capabilities.exact:
        raise CapabilityError(f"the backend {name} has no exact expectation values; give a number of shots")
