"""Expectation values of a circuit, differentiable in its inputs and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

import torch

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.engine.choice import Method, choose
from qlab.engine.simulator import Numbers, Simulator, simulator

_CHUNK_BYTES = {"cpu": 1 << 21, "cuda": 1 << 30}  # fits the cache of a CPU core, keeps a GPU busy


def expectations(
    circuit: Circuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    observables: Sequence[PauliWord | str] | None = None,
    dtype: torch.dtype = torch.complex64,
    *,
    method: Method = "auto",
    chunk_bytes: int | None = None,
) -> torch.Tensor:
    """Return exact expectation values (B, K), differentiable once in ``inputs`` and ``weights``.

    Args:
        circuit: the circuit; compiled at its first use.
        inputs: (B, n_inputs) real, one row per sample: angles in radians, or amplitudes.
        weights: (n_weights,) real, in radians, on the same device.
        observables: K Pauli words such as ``["Z0", "X1 Z2"]``; Z on every qubit where none are given.
        dtype: complex64 or complex128, of the state; the result is float32 or float64.
        method: "compiled" for the CPU, "torch" for any device, or "auto": as ``choose`` says. The first call of the
            compiled one on a machine takes some seconds.
        chunk_bytes: for "torch", how large the states of the samples that are worked on at once may be, at least one
            sample's. The working memory is about six times as large; for the backward pass one state per sample is
            kept besides. By default 2 MiB on a CPU and 1 GiB on a GPU.

    Raises:
        CircuitError: an observable that does not fit, or amplitudes that are all zero.
        OptionError: the method cannot be had here.
        TypeError: inputs or weights are no tensors.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    words = pauli_words(circuit.n_qubits, observables)
    check_tensors(circuit, inputs, weights, dtype)
    if not inputs.shape[0]:
        return (inputs.sum() + weights.sum()).to(dtype.to_real()).expand(0, len(words))
    if choose(circuit, inputs.shape[0], inputs.device, method) == "compiled":
        return _compiled()(circuit, inputs, weights, words, dtype)
    compiled = simulator(circuit, words, dtype, inputs.device)
    numbers = compiled.numbers(inputs, weights)
    if chunk_bytes is None:
        chunk_bytes = _CHUNK_BYTES.get(inputs.device.type, _CHUNK_BYTES["cuda"])
    size = max(1, chunk_bytes // (dtype.itemsize << circuit.n_qubits))
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in numbers.tensors()):
        values: torch.Tensor = _Expectations.apply(compiled, size, *numbers.tensors())  # type: ignore[no-untyped-call]
    else:
        values = torch.cat([compiled.values(compiled.final_state(numbers.chunk(s))) for s in _chunks(numbers, size)], 1)
    return values.T


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., torch.Tensor]:
    """Import the compiled path at its first use only: it takes a while."""
    from qlab.engine.compiled.function import compiled_expectations

    return compiled_expectations


class _Expectations(torch.autograd.Function):
    """Numbers of a simulation -> values (K, B)."""

    @staticmethod
    def forward(ctx: Any, compiled: Simulator, size: int, *tensors: torch.Tensor) -> torch.Tensor:
        numbers = Numbers(*tensors)
        states = [compiled.final_state(numbers.chunk(samples)) for samples in _chunks(numbers, size)]
        ctx.compiled, ctx.size = compiled, size
        ctx.save_for_backward(*tensors, *states)
        return torch.cat([compiled.values(state) for state in states], dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        refuse_second_derivative()
        names = [item.name for item in fields(Numbers)]
        numbers = Numbers(*ctx.saved_tensors[: len(names)])
        states = ctx.saved_tensors[len(names) :]
        needed = frozenset(name for name, need in zip(names, ctx.needs_input_grad[2:], strict=True) if need)
        totals = Numbers(*(torch.zeros_like(tensor) for tensor in numbers.tensors()))
        for samples, psi in zip(_chunks(numbers, ctx.size), states, strict=True):
            part = ctx.compiled.backward(numbers.chunk(samples), psi, gradient[:, samples], needed)
            for total, more in zip(totals.chunk(samples).tensors(), part.tensors(), strict=True):
                total.add_(more)
        by_name = zip(names, totals.tensors(), strict=True)
        return (None, None, *(total if name in needed else None for name, total in by_name))


def refuse_second_derivative() -> None:
    """Raise ``RuntimeError`` where a backward pass is to be differentiated itself.

    PyTorch's ``once_differentiable`` lets such a pass through when the incoming gradient is a constant; what it then
    differentiates lacks the part of the circuit.
    """
    if torch.is_grad_enabled():
        raise RuntimeError("expectation values can be differentiated once; create_graph=True is not possible")


def _chunks(numbers: Numbers, size: int) -> Iterator[slice]:
    batch = numbers.phases.shape[1]
    for first in range(0, batch, size):
        yield slice(first, min(first + size, batch))


def check_tensors(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor, dtype: torch.dtype) -> None:
    """Raise ``ValueError`` where inputs or weights do not fit the circuit, or a dtype is none of the state's.

    Raise ``TypeError`` where they are no tensors.
    """
    for name, tensor in (("inputs", inputs), ("weights", weights)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, not {type(tensor).__name__}; torch.as_tensor makes one")
    if dtype not in (torch.complex64, torch.complex128):
        raise ValueError(f"dtype must be torch.complex64 or torch.complex128, not {dtype}")
    if inputs.ndim != 2 or inputs.shape[1] != circuit.n_inputs:
        raise ValueError(f"inputs must have shape (batch, {circuit.n_inputs}) for this circuit, not {_shape(inputs)}")
    if weights.shape != (circuit.n_weights,):
        raise ValueError(f"weights must have shape ({circuit.n_weights},) for this circuit, not {_shape(weights)}")
    for name, tensor in (("inputs", inputs), ("weights", weights)):
        if not tensor.is_floating_point():
            raise ValueError(f"{name} must be real floating-point numbers, not {tensor.dtype}")
    if inputs.device != weights.device:
        raise ValueError(f"inputs are on {inputs.device} but weights on {weights.device}; move them to one device")


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
