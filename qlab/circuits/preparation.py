"""Amplitudes prepared by rotations and CNOTs, for devices that execute nothing but gates.

Uniformly controlled RY rotations, one after the other from qubit 0 on (Möttönen et al., quant-ph/0407010): 2^n - 1
rotations and 2^n - 2 CNOTs on n qubits, exact for real amplitudes of either sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.slots import Input
from qlab.errors import CircuitError

Doubles = NDArray[np.float64]


def by_rotations(circuit: Circuit) -> Circuit:
    """Return a circuit that embeds amplitudes with gates in the place of the embedding.

    Its inputs are those of ``circuit``, which keep their numbers, and behind them the angles that
    ``preparation_angles`` returns.

    Raises:
        CircuitError: the circuit embeds no amplitudes.
    """
    if not circuit.embeds_amplitudes:
        raise CircuitError("the circuit embeds no amplitudes: it needs no preparation")
    gates: list[Gate] = []
    for qubit in range(circuit.n_qubits):
        first = circuit.n_inputs + 2**qubit - 1
        for number in range(2**qubit):
            gates.append(Gate("RY", (qubit,), (Input(first + number),)))
            if qubit:
                gates.append(Gate("CNOT", (_control(number, qubit), qubit)))
    return Circuit(circuit.n_qubits, [*gates, *circuit.gates[1:]])


def preparation_angles(amplitudes: NDArray[Any]) -> Doubles:
    """Return the angles (B, 2^n - 1) in radians that prepare real amplitudes (B, 2^n) of any norm but 0.

    Raises:
        CircuitError: the amplitudes of a sample are all zero.
    """
    values = np.asarray(amplitudes, np.float64)
    if not values.any(axis=1).all():
        raise CircuitError("amplitudes that are all zero are no state")
    found = []
    while values.shape[1] > 1:  # the last qubit first: its amplitudes may have signs, those of the others are norms
        pairs = values.reshape(len(values), -1, 2)
        found.append(2 * np.arctan2(pairs[:, :, 1], pairs[:, :, 0]) @ _mixing(pairs.shape[1]))
        values = np.hypot(pairs[:, :, 0], pairs[:, :, 1])
    return np.concatenate(found[::-1], axis=1)


def _control(number: int, qubit: int) -> int:
    """Return which qubit controls the CNOT behind a rotation of ``qubit``: the bit in which Gray's code changes."""
    changed = _gray(number) ^ _gray((number + 1) % 2**qubit)
    return qubit - changed.bit_length()


def _mixing(count: int) -> Doubles:
    """Return the matrix (count, count) from angles for each value of the controls to those of the rotations."""
    signs = [[(-1.0) ** (value & _gray(number)).bit_count() for number in range(count)] for value in range(count)]
    return np.array(signs) / count


def _gray(number: int) -> int:
    return number ^ number >> 1
