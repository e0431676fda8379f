"""The backend of qlab's own simulator."""

from __future__ import annotations

from typing import Literal

import torch

from qlab.backends.base import Capabilities, Observables
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.circuits.slots import Weight
from qlab.engine import density, expectations, trajectories
from qlab.engine.choice import Method, choose
from qlab.engine.density.memory import require as require_memory
from qlab.engine.sampling import sample
from qlab.engine.trajectories.streams import Samples, Seed
from qlab.noise.noisy import NoisyCircuit

Simulation = Literal["auto", "density", "trajectories"]

_DTYPES = {"single": torch.complex64, "double": torch.complex128}
_DENSITY_TO = 10  # qubits; above, trajectories take less time and memory
_DENSITY_ONCE_TO = 12  # ... where the circuit's weights are evolved once for all samples, without gradients


class EngineBackend:
    """Expectation values and adjoint gradients, in single (complex64) or double (complex128) precision.

    ``method`` is the path that executes state vectors: ``compiled`` for the CPU, ``torch`` for any device, or ``auto``.
    ``simulation`` is what noise is executed by: the exact ``density`` matrix, ``trajectories`` of state vectors, or
    ``auto``: the density matrix up to 10 qubits, and up to 12 where it is evolved once for all samples and gradients
    are not wanted. ``trajectories`` is their number for each sample; where it is None
    there are as many as a ``standard_error`` needs.
    """

    def __init__(
        self,
        *,
        precision: Literal["single", "double"] = "single",
        method: Method = "auto",
        simulation: Simulation = "auto",
        trajectories: int | None = None,
        standard_error: float = 0.01,
    ) -> None:
        self._precision, self._method, self._dtype = precision, method, _DTYPES[precision]
        self._simulation, self._trajectories, self._standard_error = simulation, trajectories, standard_error

    def capabilities(self) -> Capabilities:
        """Return that it can do everything."""
        return Capabilities(exact=True, shots=True, noise=True, gradients=frozenset({"inputs", "weights"}))

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return the precision, and the path that is taken for tensors on the CPU."""
        return {"precision": self._precision, "method": choose(circuit, batch, torch.device("cpu"), self._method)}

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``."""
        return expectations(circuit, inputs, weights, observables, self._dtype, method=self._method)

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
        """Return expectation values under noise, or from shots; see ``Backend``."""
        states = self._states(noisy)
        how = {"simulation": states if any(noisy.channels) else "state vector"}
        if shots is not None:
            drawn = sample(
                noisy, inputs, weights, observables, self._dtype, shots=shots, states=states, seed=seed, samples=samples
            )
            erroneous = drawn.trajectories if how["simulation"] == "trajectories" else None
            return Estimate(drawn.values, drawn.standard_errors, erroneous, how)
        if states == "density":
            return Estimate(density.expectations(noisy, inputs, weights, observables, self._dtype), how=how)
        found = trajectories.estimate(
            noisy, inputs, weights, observables, self._dtype, trajectories=self._trajectories,
            standard_error=None if self._trajectories else self._standard_error, seed=seed, samples=samples,
            method=self._method,
        )  # fmt: skip
        if how["simulation"] != "trajectories":
            return Estimate(found.values, how=how)
        return Estimate(found.values, found.standard_errors, found.trajectories, how)

    def require(self, noisy: NoisyCircuit, observables: Observables | None = None) -> None:
        """Raise ``CapabilityError`` where a density matrix is wanted that the memory has no room for."""
        if self._states(noisy) == "density":
            needed = density.needed_bytes(noisy, 1, observables, self._dtype)
            require_memory(needed, noisy.n_qubits, torch.device("cpu"))

    def _states(self, noisy: NoisyCircuit) -> Literal["density", "trajectories"]:
        if not any(noisy.channels):
            return "trajectories"  # of which each is the ideal state
        if self._simulation != "auto":
            return self._simulation
        once = not torch.is_grad_enabled() and not _uploads_again(noisy.circuit)
        return "density" if noisy.n_qubits <= (_DENSITY_ONCE_TO if once else _DENSITY_TO) else "trajectories"


def _uploads_again(circuit: Circuit) -> bool:
    """Return whether an input turns a gate behind one that a weight turns."""
    is_weight = [isinstance(slot, Weight) for slot in circuit.slots if not isinstance(slot, float)]
    return is_weight != sorted(is_weight)
