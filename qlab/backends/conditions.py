"""Noise and shots around a backend: what it executes then, and an account of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from qlab.backends.base import Backend, Capabilities, Observables, refuse
from qlab.backends.engine import EngineBackend
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.engine import expectations
from qlab.noise.model import Noise
from qlab.noise.noisy import NoisyCircuit

_DIGITS = 5


class Conditions:
    """A backend on which every circuit is executed with a noise model, from a number of shots, or both.

    What is drawn for a sample follows from the seed, the weights and the sample's inputs. So it does not depend on the
    batch that the sample is in, nor on what was executed before: training that is interrupted goes on as it would have,
    shifted angles and moved weights have errors of their own, and equal samples have equal ones.

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
        seed = (self._seed, *memoryview(_digest(weights)).cast("I"))
        samples = [int.from_bytes(_digest(row)) for row in inputs]
        found = self._backend.estimate(
            noisy, inputs, weights, observables, shots=self.shots, seed=seed, samples=samples
        )  # fmt: skip
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
        """Begin a new account."""
        self._account = Account()

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
        self._errors, self._counts, self._shifts, self._squares = Running(), Running(), Running(), Running()

    def add(self, found: Estimate, ideal: torch.Tensor | None) -> None:
        """Take in the values of a batch, and the ideal ones where they are known."""
        self._how |= dict(found.how)
        if found.standard_errors is not None:
            self._errors.add(found.standard_errors)
        if found.trajectories is not None:
            self._counts.add(found.trajectories)
        if ideal is not None:
            shifts = found.values.detach().double() - ideal
            drawn = 0.0 if found.standard_errors is None else found.standard_errors.double().square()
            self._shifts.add(shifts)
            self._squares.add(shifts.square() - drawn)

    def summary(self) -> dict[str, Any]:
        """Return the way of computation, and means over samples and observables.

        ``shift_rms`` is the root mean square of the shifts from the ideal values. Estimates are off by chance too: the
        square of their standard error, which that adds in the mean, is taken off.
        """
        return {
            **self._how,
            "standard_error_mean": self._errors.mean,
            "standard_error_max": self._errors.largest,
            "trajectories_mean": self._counts.mean,
            "trajectories_total": None if self._counts.mean is None else int(self._counts.total),
            "shift_mean": self._shifts.mean,
            "shift_rms": None if self._squares.mean is None else max(self._squares.mean, 0.0) ** 0.5,
        }


class Running:
    """Mean and maximum of numbers that come one batch after the other."""

    def __init__(self) -> None:
        self._number, self.total = 0, 0.0
        self.largest: float | None = None

    def add(self, numbers: torch.Tensor) -> None:
        """Take in a batch of numbers."""
        if not numbers.numel():
            return
        self._number += numbers.numel()
        self.total += float(numbers.double().sum())
        largest = float(numbers.max())
        self.largest = largest if self.largest is None else max(self.largest, largest)

    @property
    def mean(self) -> float | None:
        """The mean; None where there are no numbers."""
        return self.total / self._number if self._number else None


def _digest(numbers: torch.Tensor) -> bytes:
    """Return 8 bytes that stand for numbers, rounded so that the way they were computed in does not show."""
    rounded = np.round(numbers.detach().cpu().double().numpy(), _DIGITS) + 0.0  # no -0
    return hashlib.blake2b(rounded.tobytes(), digest_size=8).digest()
