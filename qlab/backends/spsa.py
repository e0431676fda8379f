"""Gradients from two executions, whatever the number of weights: simultaneous perturbation (SPSA)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from qlab.backends.base import Backend, Capabilities, Observables
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.engine.statevector import refuse_second_derivative
from qlab.errors import CapabilityError
from qlab.noise.noisy import NoisyCircuit


class SPSA:
    """A backend whose gradients by weights are those of Spall's simultaneous perturbation (IEEE TAC 37, 332, 1992).

    All weights move at once by ``step`` radians up or down, by signs that are drawn anew for other weights; the
    difference of the values both ways, over twice the step, times the signs is an estimate of the gradient that is
    right in the mean to second order in the step, but for the noise of 2 executions.

    Attributes:
        inner: the backend that executes circuits.
        step: radians.
    """

    def __init__(self, backend: Backend, seed: int, step: float = 0.1) -> None:
        self.inner, self._seed, self.step = backend, seed, step

    def capabilities(self) -> Capabilities:
        """Return what the other backend can do, differentiable by weights."""
        return replace(self.inner.capabilities(), gradients=frozenset({"weights"}))

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return how the other backend executes the circuit, and where gradients come from."""
        return {**self.inner.resolved(circuit, batch), "gradient": "spsa"}

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``.

        Raises:
            CapabilityError: a gradient by inputs is asked for.
        """
        if torch.is_grad_enabled() and inputs.requires_grad:
            raise CapabilityError("spsa has no gradient by inputs; freeze what comes before the circuit")

        def execute(at: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return self.inner.expectations(circuit, inputs, at, observables)

        if not (torch.is_grad_enabled() and weights.requires_grad):
            return execute(weights)
        signs = self._signs(weights)
        values: torch.Tensor = _Perturbed.apply(execute, signs, self.step, weights)  # type: ignore[no-untyped-call]
        return values

    def estimate(
        self,
        noisy: NoisyCircuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        **settings: Any,
    ) -> Estimate:
        """Return what the other backend gives; see ``Backend``."""
        return self.inner.estimate(noisy, inputs, weights, observables, **settings)

    def _signs(self, weights: torch.Tensor) -> torch.Tensor:
        digest = hashlib.sha256(weights.detach().cpu().numpy().tobytes()).digest()
        generator = np.random.default_rng([self._seed, *memoryview(digest).cast("I")])
        return torch.from_numpy(2 * generator.integers(0, 2, len(weights)) - 1).to(weights)


class _Perturbed(torch.autograd.Function):
    """Weights (n_weights,) -> expectation values (B, K)."""

    @staticmethod
    def forward(ctx: Any, execute: Any, signs: torch.Tensor, step: float, weights: torch.Tensor) -> torch.Tensor:
        ctx.execute, ctx.step = execute, step
        ctx.save_for_backward(signs, weights)
        values: torch.Tensor = execute(weights)
        return values

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, None, torch.Tensor]:
        refuse_second_derivative()
        signs, weights = ctx.saved_tensors
        difference = ctx.execute(weights + ctx.step * signs) - ctx.execute(weights - ctx.step * signs)  # (B, K)
        slope = (gradient * difference).sum() / (2 * ctx.step)
        return None, None, None, slope.to(weights.dtype) * signs
