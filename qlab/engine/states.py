"""Final states of a circuit, differentiable in its inputs and weights."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch

from qlab.circuits.circuit import Circuit
from qlab.engine.simulator import Numbers, Simulator, simulator
from qlab.engine.statevector import check_tensors, refuse_second_derivative


def final_states(
    circuit: Circuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    dtype: torch.dtype = torch.complex128,
    first: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the final states (B, 2^n), up to the global phase that gates leave out; differentiable once.

    Args:
        circuit: the circuit; compiled at its first use, on PyTorch's path.
        inputs: (B, n_inputs) real, one row per sample: angles in radians, or amplitudes.
        weights: (n_weights,) real, in radians, on the same device.
        dtype: complex64 or complex128.
        first: (B, 2^n), what a circuit of embedded amplitudes begins with in place of those among the inputs, as it
            is: complex, of any norm.

    Raises:
        CircuitError: amplitudes that are all zero.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    check_tensors(circuit, inputs, weights, dtype)
    compiled = simulator(circuit, None, dtype, inputs.device)
    numbers = compiled.numbers(inputs, weights, first)
    states: torch.Tensor = _States.apply(compiled, *numbers.tensors())  # type: ignore[no-untyped-call]
    return states.T


class _States(torch.autograd.Function):
    """Numbers of a simulation -> final states (2^n, B)."""

    @staticmethod
    def forward(ctx: Any, compiled: Simulator, *tensors: torch.Tensor) -> torch.Tensor:
        states = compiled.final_state(Numbers(*tensors))
        ctx.compiled = compiled
        ctx.save_for_backward(*tensors, states)
        return states

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        refuse_second_derivative()
        *tensors, states = ctx.saved_tensors
        names = [item.name for item in fields(Numbers)]
        needed = frozenset(name for name, need in zip(names, ctx.needs_input_grad[1:], strict=True) if need)
        found = ctx.compiled.state_backward(Numbers(*tensors), states, gradient.contiguous(), needed)
        by_name = zip(names, found.tensors(), strict=True)
        return (None, *(tensor if name in needed else None for name, tensor in by_name))
