"""Gradients from executions alone: the parameter-shift rule on any backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from qlab.backends.base import Backend, Capabilities, Observables
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.circuits.gates import shift_rule
from qlab.circuits.slots import Input, Slot
from qlab.engine.slots import InputSlots, SharedSlots
from qlab.engine.statevector import refuse_second_derivative
from qlab.errors import CapabilityError
from qlab.noise.noisy import NoisyCircuit

Rule = tuple[tuple[float, float], ...]
Execute = Callable[[torch.Tensor], torch.Tensor]


class ParameterShift:
    """A backend whose gradients come from forward executions of another one (arXiv:1811.11184, arXiv:2107.12390).

    Every angle of a circuit that is no constant is executed as an input of its own, shifted by its gate's rule: two
    terms for gates such as RX, four for controlled rotations. The chain rule through scales, products and repeated
    weights is left to PyTorch.

    Attributes:
        inner: the other backend.
        executions: circuits executed so far, one circuit for one sample.
    """

    def __init__(self, backend: Backend) -> None:
        self.inner = backend
        self.executions = 0

    def capabilities(self) -> Capabilities:
        """Return what the other backend can do, differentiable in any case."""
        return replace(self.inner.capabilities(), gradients=frozenset({"inputs", "weights"}))

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return how the other backend executes the circuit, and where gradients come from."""
        return {**self.inner.resolved(circuit, batch), "gradient": "parameter-shift"}

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``.

        Raises:
            CapabilityError: a gradient by amplitudes is asked for, which no shift rule gives.
        """
        by_angle, slots = circuit.by_angle
        amplitudes = inputs[:, : by_angle.n_inputs - len(slots)]
        if torch.is_grad_enabled() and inputs.requires_grad and circuit.embeds_amplitudes:
            raise CapabilityError("the parameter-shift rule has no gradient by embedded amplitudes; detach the inputs")

        def execute(angles: torch.Tensor) -> torch.Tensor:
            """Return values (R, K) for angles (R, A), R a multiple of B."""
            self.executions += len(angles)
            repeated = amplitudes.repeat(len(angles) // max(len(amplitudes), 1), 1)
            rows = torch.cat([repeated.to(angles.dtype), angles], dim=1)
            with torch.no_grad():
                return self.inner.expectations(by_angle, rows, weights.new_empty(0), observables)

        needed = [inputs.requires_grad if isinstance(slot, Input) else weights.requires_grad for slot in slots]
        rules = [rule if need else None for rule, need in zip(_rules(by_angle), needed, strict=True)]
        angles = slot_values(slots, inputs.double(), weights.double())
        values: torch.Tensor = _Shifted.apply(execute, rules, angles)  # type: ignore[no-untyped-call]
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


class _Shifted(torch.autograd.Function):
    """Angles (B, A) -> expectation values (B, K)."""

    @staticmethod
    def forward(ctx: Any, execute: Execute, rules: Sequence[Rule | None], angles: torch.Tensor) -> torch.Tensor:
        ctx.execute, ctx.rules = execute, rules
        ctx.save_for_backward(angles)
        return execute(angles)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, torch.Tensor]:
        refuse_second_derivative()
        (angles,) = ctx.saved_tensors
        by_angle = torch.zeros_like(angles)
        for place, rule in enumerate(ctx.rules):
            if rule is None:
                continue
            shifted = angles.repeat(len(rule), 1, 1)  # (terms, B, A)
            shifted[:, :, place] += angles.new_tensor([shift for _, shift in rule])[:, None]
            values = ctx.execute(shifted.flatten(0, 1)).unflatten(0, shifted.shape[:2])  # (terms, B, K)
            coefficients = values.new_tensor([coefficient for coefficient, _ in rule])
            by_angle[:, place] = torch.einsum("t,tbk,bk->b", coefficients, values, gradient)
        return None, None, by_angle


def slot_values(slots: Sequence[Slot], inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the values (B, A) of A slots for inputs (B, n_inputs) and weights (n_weights,); differentiable."""
    own = [(place, slot) for place, slot in enumerate(slots) if isinstance(slot, Input)]
    shared = [(place, slot) for place, slot in enumerate(slots) if not isinstance(slot, Input)]
    by_sample = InputSlots([slot for _, slot in own], inputs.shape[1], inputs.device)(inputs)
    for_all = SharedSlots([slot for _, slot in shared], len(weights), weights.device)(weights)
    values = torch.cat([by_sample, for_all.expand(-1, len(inputs))])  # (A, B), inputs first
    order = [place for place, _ in own + shared]
    back = torch.tensor(order, dtype=torch.int64, device=inputs.device).argsort()
    return values.index_select(0, back).T


def _rules(circuit: Circuit) -> list[Rule]:
    """Return the shift rule of every angle that is an input."""
    return [
        shift_rule(frequencies)
        for gate in circuit.gates
        for angle, frequencies in zip(gate.angles, gate.spec.frequencies, strict=True)
        if isinstance(angle, Input)
    ]
