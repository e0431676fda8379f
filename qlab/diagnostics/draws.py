"""Final states and gradients of a circuit for many draws of its weights, all in one batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot, Weight
from qlab.engine.states import final_states
from qlab.engine.statevector import expectations

_DTYPE = torch.complex128  # the square of a small gradient needs the digits
_CACHE_BYTES = 1 << 20  # of states that are computed at once: they fit the cache of a core
_CHUNK_BYTES = 1 << 23  # of the states of a portion of the draws
_TIMES = 8  # so many times as large is the working memory


def states(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the final states (S, 2^n), up to a global phase, of inputs (S, n_inputs) and weights (S, n_weights).

    Inputs are angles in radians, or amplitudes; weights are in radians. All are float64.
    """
    by_draw, size = weights_as_inputs(circuit), max(1, _CACHE_BYTES // (_DTYPE.itemsize << circuit.n_qubits))
    drawn = torch.cat([inputs, weights], 1).split(size)  # each (C, n_inputs + n_weights)
    return torch.cat([final_states(by_draw, part, _none(part), _DTYPE) for part in drawn])


def gradients(
    circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor, observable: PauliWord | str
) -> torch.Tensor:
    """Return the derivatives (S, n_weights) of an expectation value by every weight, for each draw; as ``states``."""
    drawn = torch.cat([inputs, weights], 1).requires_grad_()  # (S, n_inputs + n_weights)
    values = expectations(weights_as_inputs(circuit), drawn, _none(inputs), [observable], _DTYPE)  # (S, 1)
    (gradient,) = torch.autograd.grad(values.sum(), drawn)
    return gradient[:, circuit.n_inputs :]


def weights_as_inputs(circuit: Circuit) -> Circuit:
    """Return the circuit with weight j as input ``n_inputs + j``: every sample has weights of its own."""
    first = circuit.n_inputs

    def as_input(slot: Slot) -> Slot:
        return Input(first + slot.index, scale=slot.scale) if isinstance(slot, Weight) else slot

    return Circuit(
        circuit.n_qubits, [Gate(gate.name, gate.qubits, tuple(map(as_input, gate.angles))) for gate in circuit.gates]
    )


def chunks(draws: int, n_qubits: int) -> Iterator[slice]:
    """Yield the draws in portions that are worked on at once; large states come one by one."""
    size = _chunk(draws, n_qubits)
    for first in range(0, draws, size):
        yield slice(first, min(first + size, draws))


def working_bytes(draws: int, n_qubits: int) -> int:
    """Return about how much memory one portion of the draws takes."""
    return _TIMES * _chunk(draws, n_qubits) * (_DTYPE.itemsize << n_qubits)


def _chunk(draws: int, n_qubits: int) -> int:
    return min(draws, max(1, _CHUNK_BYTES // (_DTYPE.itemsize << n_qubits)))


def _none(like: torch.Tensor) -> torch.Tensor:
    return like.new_zeros(0)
