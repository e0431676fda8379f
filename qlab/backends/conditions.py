"""Noise and shots around a backend: what it executes then, and an account of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import torch

from qlab.backends.base import Backend, Capabilities, Observables, refuse
from qlab.backends.engine import EngineBackend
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.engine import expectations
from qlab.noise.model import Noise
from qlab.noise.noisy import NoisyCircuit


class Conditions:
    """A backend on which every circuit is executed with a noise model, from a number of shots, or both.

    What is drawn depends on the seed, on the weights, on whether gradients are wanted, and on the number of the sample
    since the weights changed. So a sample's errors do not depend on its batch, and training that is interrupted goes
    on as it would have.

    Raises:
        CapabilityError: the backend, which ``name`` names, cannot execute noise or shots.

    Attributes:
        noise: the noise model.
        shots: measurements per sample; None for expectation values.
        compare: whether the ideal values are computed too, for the shift in the report.
    """

    def __init__(
        self, name: str, backend: Backend, noise: Noise, shots: int | None, seed: int, *, compare: bool = False
    ) -> None:
        refuse(name, backend.capabilities(), not noise.is_identity, shots)
        self._backend, self.noise, self.shots, self._seed, self.compare = backend, noise, shots, seed, compare
        self._inserted: dict[Circuit, NoisyCircuit] = {}
        self._drawn_for: tuple[bytes, bool] | None = None
        self._next = 0
        self._account = Account()

    def capabilities(self) -> Capabilities:
        """Return what is left: shots have no gradient."""
        able = self._backend.capabilities()
        return able if self.shots is None else replace(able, gradients=frozenset())

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return how the backend executes the circuit."""
        return self._backend.resolved(circuit, batch)

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K) under these conditions.

        Raises:
            NoiseError: the noise model is not zero but inserts nothing.
        """
        noisy = self.inserted(circuit)
        digest = hashlib.sha256(weights.detach().cpu().numpy().tobytes()).digest()
        wanted = torch.is_grad_enabled()
        if self._drawn_for != (digest, wanted):
            self._drawn_for, self._next = (digest, wanted), 0
        seed = (self._seed, int(wanted), *memoryview(digest).cast("I"))
        found = self._backend.estimate(
            noisy, inputs, weights, observables, shots=self.shots, seed=seed, first=self._next
        )  # fmt: skip
        self._next += len(inputs)
        ideal = None
        if self.compare:
            ideal = expectations(circuit, inputs.detach(), weights.detach(), observables, torch.complex64)
        self._account.add(found, ideal)
        return found.values

    def estimate(
        self,
        noisy: NoisyCircuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        **settings: Any,
    ) -> Estimate:
        """Return what the backend itself gives; conditions are not applied twice."""
        return self._backend.estimate(noisy, inputs, weights, observables, **settings)

    def restart(self) -> None:
        """Begin with the first sample of a data set, and with a new account."""
        self._next, self._account = 0, Account()

    def inserted(self, circuit: Circuit) -> NoisyCircuit:
        """Return the circuit with the noise in it."""
        if circuit not in self._inserted:
            self._inserted[circuit] = self.noise.insert(circuit)
        return self._inserted[circuit]

    def require(self, circuit: Circuit, observables: Observables | None = None) -> None:
        """Raise now what ``expectations`` would raise later for want of memory, or because nothing is inserted."""
        noisy = self.inserted(circuit)
        if isinstance(self._backend, EngineBackend):
            self._backend.require(noisy, observables)

    def report(self, circuit: Circuit) -> dict[str, Any]:
        """Return what a record says: what was inserted into ``circuit``, what was executed, how exact values are."""
        noisy = self.inserted(circuit)
        resources = noisy.resources
        return {
            "insertions": dict(noisy.insertions),
            "shots": self.shots,
            "seed": self._seed,
            "executed": {
                "n_qubits": resources.n_qubits,
                "depth": resources.depth,
                "two_qubit_gates": resources.two_qubit_gates,
            },
            "provenance": dict(noisy.provenance),
            **self._account.summary(),
        }


class Account:
    """What the values of many batches have in common."""

    def __init__(self) -> None:
        self._how: dict[str, str] = {}
        self._errors: list[torch.Tensor] = []
        self._counts: list[torch.Tensor] = []
        self._shifts: list[torch.Tensor] = []

    def add(self, found: Estimate, ideal: torch.Tensor | None) -> None:
        """Take in the values of a batch, and the ideal ones where they are known."""
        self._how |= dict(found.how)
        if found.standard_errors is not None:
            self._errors.append(found.standard_errors.detach().flatten())
        if found.trajectories is not None:
            self._counts.append(found.trajectories)
        if ideal is not None:
            self._shifts.append((found.values.detach() - ideal).flatten())

    def summary(self) -> dict[str, Any]:
        """Return the way of computation, and means over samples and observables."""
        errors, counts, shifts = (
            torch.cat(parts).double() if parts else None for parts in (self._errors, self._counts, self._shifts)
        )
        return {
            **self._how,
            "standard_error_mean": None if errors is None else float(errors.mean()),
            "standard_error_max": None if errors is None else float(errors.max()),
            "trajectories_mean": None if counts is None else float(counts.mean()),
            "trajectories_total": None if counts is None else int(counts.sum()),
            "shift_mean": None if shifts is None else float(shifts.mean()),
            "shift_mean_absolute": None if shifts is None else float(shifts.abs().mean()),
        }
