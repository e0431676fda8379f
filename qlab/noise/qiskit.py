"""Exact translation of noisy circuits to Qiskit, with Aer's errors as instructions at their places.

Nothing depends on the names of gates, so no rewriting of gates can lose an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from qiskit import QuantumCircuit
from qiskit_aer.noise import QuantumError, kraus_error, pauli_error

from qlab.circuits.qiskit import to_qiskit as gates_to_qiskit
from qlab.noise.channel import Channel
from qlab.noise.noisy import NoisyCircuit


def to_qiskit(
    noisy: NoisyCircuit, inputs: Sequence[float] | None = None, weights: Sequence[float] | None = None
) -> QuantumCircuit:
    """Return the noisy circuit for Aer, without its readout error.

    Inputs and weights stay symbolic or become numbers as in ``qlab.circuits.qiskit.to_qiskit``.

    Raises:
        CircuitError: as there.
    """
    return gates_to_qiskit(noisy.circuit, inputs, weights, after=_errors_of(noisy))


def _errors_of(noisy: NoisyCircuit) -> list[list[tuple[QuantumError, tuple[int, ...]]]]:
    """Return what follows each gate. The first qubit of a channel is the most significant bit: Qiskit's last."""
    return [[(_error(item.channel), item.qubits[::-1]) for item in after] for after in noisy.channels]


@lru_cache(maxsize=256)
def _error(channel: Channel) -> QuantumError:
    if channel.probabilities is None:
        return kraus_error(list(channel.kraus))
    words = ("".join(letters) for letters in product("IXYZ", repeat=channel.n_qubits))
    return pauli_error([(word, p) for word, p in zip(words, channel.probabilities.tolist(), strict=True) if p])
