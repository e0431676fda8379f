"""The compiled path as a function that PyTorch can differentiate."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.compiled.execution import Doubles, Executor, executor
from qlab.engine.compiled.memory import POOL, Lease
from qlab.engine.simulator import normalised
from qlab.engine.statevector import refuse_second_derivative

_NUMPY = {torch.float32: np.float32, torch.float64: np.float64}
_NO_AMPLITUDES: Doubles = np.empty((0, 0))


def compiled_expectations(
    circuit: Circuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    observables: tuple[PauliWord, ...],
    dtype: torch.dtype,
) -> torch.Tensor:
    """Return expectation values (B, K) on the CPU; as ``qlab.engine.expectations``, whose checks they have passed."""
    program = executor(circuit, observables, dtype)
    if torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad):
        found: torch.Tensor = _Compiled.apply(program, circuit, inputs, weights)  # type: ignore[no-untyped-call]
        return found
    values, execution = program.forward(*_doubles(circuit, inputs, weights), keep=False)
    POOL.give(execution)
    return torch.from_numpy(values)


class _Compiled(torch.autograd.Function):
    """Inputs and weights -> values (B, K).

    The final states travel as a saved tensor: PyTorch lets go of them after the backward pass, says so where they are
    needed again, and keeps them where asked to.
    """

    @staticmethod
    def forward(
        ctx: Any, program: Executor, circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        doubles = _doubles(circuit, inputs, weights)
        values, execution = program.forward(*doubles, keep=True)
        ctx.program, ctx.execution, ctx.use, ctx.doubles = program, execution, execution.uses, doubles
        ctx.save_for_backward(inputs, weights, torch.from_numpy(Lease.of(execution.states, execution)))
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        refuse_second_derivative()
        inputs, weights, states = ctx.saved_tensors  # inputs and weights for the check that nobody changed them
        x, w, amplitudes = ctx.doubles
        needed = ctx.needs_input_grad[2], ctx.needs_input_grad[3]
        # hooks may have put the states elsewhere: then the numbers can be another batch's by now
        execution = ctx.execution if ctx.execution.uses == ctx.use else ctx.program.restored(x, w, ctx.execution)
        g = np.ascontiguousarray(_array(gradient))
        by_inputs, by_weights, by_amplitudes = ctx.program.backward(x, w, execution, states.numpy(), g, needed)
        if needed[0] and amplitudes.size:
            by_inputs[:, : amplitudes.shape[1]] += _before_normalising(x, amplitudes, by_amplitudes)
        return (
            None,
            None,
            _tensor(by_inputs, inputs.dtype) if needed[0] else None,
            _tensor(by_weights, weights.dtype) if needed[1] else None,
        )


def _doubles(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> tuple[Doubles, Doubles, Doubles]:
    """Return inputs, weights, and normalised amplitudes (B, 2^n), or (0, 0) where there are none."""
    x, w = _double(inputs), _double(weights)
    if not circuit.embeds_amplitudes:
        return x, w, _NO_AMPLITUDES
    amplitudes: Doubles = normalised(torch.from_numpy(x[:, : 1 << circuit.n_qubits])).numpy()
    return x, w, np.ascontiguousarray(amplitudes)


def _double(tensor: torch.Tensor) -> Doubles:
    found: Doubles = np.ascontiguousarray(_array(tensor), dtype=np.float64)
    return found


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    """Return what ``tensor.numpy(force=True)`` returns on the CPU, in less time and for every real dtype."""
    if tensor.dtype not in _NUMPY:
        tensor = tensor.double()
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    found: NDArray[Any] = (tensor.detach() if tensor.requires_grad else tensor).numpy()
    return found


def _tensor(gradient: Doubles, dtype: torch.dtype) -> torch.Tensor:
    """Return what ``torch.from_numpy(gradient).to(dtype)`` returns, in less time."""
    if dtype not in _NUMPY:
        return torch.from_numpy(gradient).to(dtype)
    return torch.from_numpy(gradient.astype(_NUMPY[dtype], copy=False))


def _before_normalising(inputs: Doubles, amplitudes: Doubles, gradient: Doubles) -> Doubles:
    """Return the gradient by amplitudes as given from that by normalised ones: its tangential part over the norm."""
    norms = np.linalg.norm(inputs[:, : amplitudes.shape[1]], axis=1, keepdims=True)
    found: Doubles = (gradient - amplitudes * (amplitudes * gradient).sum(1, keepdims=True)) / norms
    return found
