"""The backend of qlab's own simulator."""

from __future__ import annotations

from typing import Literal

import torch

from qlab.backends.base import Capabilities, Observables, refuse
from qlab.circuits.circuit import Circuit
from qlab.engine import expectations
from qlab.engine.choice import Method


class EngineBackend:
    """Exact expectation values and adjoint gradients, in single (complex64) or double (complex128) precision.

    ``method`` is the path that executes circuits: ``compiled`` for the CPU, ``torch`` for any device, or ``auto``.
    """

    def __init__(self, *, precision: Literal["single", "double"] = "single", method: Method = "auto") -> None:
        self._method = method
        self._dtype = {"single": torch.complex64, "double": torch.complex128}[precision]

    def capabilities(self) -> Capabilities:
        """Return that it is exact and differentiable."""
        return Capabilities(exact=True, shots=False, noise=False, gradients=frozenset({"inputs", "weights"}))

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
        """Return expectation values (B, K); see ``Backend``."""
        refuse("engine", self.capabilities(), noise, shots)
        return expectations(circuit, inputs, weights, observables, self._dtype, method=self._method)
