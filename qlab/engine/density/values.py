"""Exact values of noisy circuits, differentiable in inputs and weights."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.density.memory import require
from qlab.engine.density.plan import Plan, plans_of
from qlab.engine.density.simulation import Simulation
from qlab.engine.statevector import check_tensors
from qlab.errors import CircuitError
from qlab.noise.noisy import NoisyCircuit

_CPU = torch.device("cpu")


def expectations(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    observables: Sequence[PauliWord | str] | None = None,
    dtype: torch.dtype = torch.complex64,
) -> torch.Tensor:
    """Return exact expectation values (B, K) as they are read, differentiable once in ``inputs`` and ``weights``.

    Args:
        noisy: gates and channels; prepared at its first use, and what was prepared lives as long as it does.
        inputs: (B, n_inputs) real, one row per sample: angles in radians, or amplitudes.
        weights: (n_weights,) real, in radians, on the same device.
        observables: K Pauli words on the qubits of the circuit as written; Z on every one where none are given.
        dtype: complex64 or complex128; everything is computed in its real type, float32 or float64.

    Raises:
        CapabilityError: there is not enough memory.
        CircuitError: an observable that does not fit, or amplitudes that are all zero.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    return _values(noisy, inputs, weights, noisy.words(observables), dtype, readout=True)


def probabilities(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    qubits: Sequence[int],
    dtype: torch.dtype = torch.complex64,
    *,
    readout: bool = True,
) -> torch.Tensor:
    """Return the exact joint distribution (B, 2^m) of what is measured in the Z basis, differentiable once.

    Args:
        noisy: as in ``expectations``; so are ``inputs`` and ``weights``.
        inputs: (B, n_inputs).
        weights: (n_weights,).
        qubits: m different qubits of the circuit as written; the first one's value is the most significant bit.
        dtype: complex64 or complex128; the result is float32 or float64, no entry below zero.
        readout: whether values are as they are read, or as they are before the readout error.

    Raises:
        CapabilityError: there is not enough memory.
        CircuitError: no qubits, the same one twice, one that is not there, or amplitudes that are all zero.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    measured = _measured(noisy, qubits)
    m = len(measured)
    words = [
        PauliWord(tuple((qubit, "Z") for place, qubit in enumerate(measured) if subset >> (m - 1 - place) & 1))
        for subset in range(1, 1 << m)
    ]
    values = _values(noisy, inputs, weights, tuple(words), dtype, readout=False)
    spectrum = torch.cat([values.new_ones(len(values), 1), values], dim=1)  # of Z on each subset of the qubits
    found = spectrum.view(-1, *[2] * m)
    for qubit in measured:
        matrix = torch.tensor([[0.5, 0.5], [0.5, -0.5]], dtype=torch.float64, device=values.device)
        if readout and noisy.readout is not None:
            matrix = torch.tensor(noisy.readout.of(qubit), dtype=torch.float64, device=values.device) @ matrix
        found = torch.tensordot(found, matrix.to(values.dtype), dims=([1], [1]))  # its bit moves behind the others
    return found.flatten(1).clamp(min=0)


def needed_bytes(
    noisy: NoisyCircuit,
    batch: int,
    observables: Sequence[PauliWord | str] | None = None,
    dtype: torch.dtype = torch.complex64,
    *,
    gradient: bool = False,
    device: torch.device = _CPU,
) -> int:
    """Return about how much memory ``expectations`` takes for a batch, with its backward pass or without."""
    plans = plans_of(noisy, noisy.words(observables), noisy.readout, batch)
    return max(plan.needed_bytes(batch, dtype.to_real(), gradient, device) for plan in plans)


Key = tuple[tuple[PauliWord, ...], bool, int, torch.dtype, torch.device]
_prepared: WeakKeyDictionary[NoisyCircuit, dict[Key, list[tuple[Plan, Simulation]]]] = WeakKeyDictionary()


def _values(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    words: tuple[PauliWord, ...],
    dtype: torch.dtype,
    readout: bool,
) -> torch.Tensor:
    check_tensors(noisy.circuit, inputs, weights, dtype)
    if not len(inputs):
        return (inputs.sum() + weights.sum()).to(dtype.to_real()).expand(0, len(words))
    prepared = _simulations(noisy, inputs, weights, words, dtype.to_real(), readout)
    values = torch.cat([simulation(inputs.double(), weights.double()) for _, simulation in prepared], dim=1)
    if len(prepared) == 1:
        return values
    order = torch.tensor([word for plan, _ in prepared for word in plan.words], device=inputs.device)
    return values.index_select(1, order.argsort())


def _simulations(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    words: tuple[PauliWord, ...],
    dtype: torch.dtype,
    readout: bool,
) -> list[tuple[Plan, Simulation]]:
    """Return plans on their device, kept as long as the noisy circuit is; checks that they fit into memory."""
    batch, device = len(inputs), inputs.device
    gradient = torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad)
    known = _prepared.setdefault(noisy, {})
    key = (words, readout, min(batch, len(words)), dtype, device)
    if key not in known:
        plans = plans_of(noisy, words, noisy.readout if readout else None, batch)
        _require(plans, batch, dtype, gradient, device)
        known[key] = [(plan, Simulation(plan, noisy.circuit, dtype, device)) for plan in plans]
    else:
        _require([plan for plan, _ in known[key]], batch, dtype, gradient, device)
    return known[key]


def _require(plans: Sequence[Plan], batch: int, dtype: torch.dtype, gradient: bool, device: torch.device) -> None:
    largest = max(plans, key=lambda plan: len(plan.qubits))
    require(largest.needed_bytes(batch, dtype, gradient, device), len(largest.qubits), device)


def _measured(noisy: NoisyCircuit, qubits: Sequence[int]) -> list[int]:
    n_qubits = len(noisy.measured)
    outside = [qubit for qubit in qubits if not 0 <= qubit < n_qubits]
    if outside or not qubits or len(set(qubits)) < len(qubits):
        raise CircuitError(f"measured qubits must be different ones of 0 to {n_qubits - 1}, not {list(qubits)}")
    return [noisy.measured[qubit] for qubit in qubits]
