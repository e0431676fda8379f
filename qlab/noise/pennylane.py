"""Exact translation of noisy circuits to PennyLane, for devices that know channels such as ``default.mixed``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import Any

import pennylane as qml

from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.circuits.pennylane import queue
from qlab.noise.noisy import NoisyCircuit

_PAULI = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}


def to_pennylane(noisy: NoisyCircuit, observables: Sequence[PauliWord | str] | None = None) -> Callable[..., Any]:
    """Return a quantum function of (inputs, weights) for a QNode on a device of density matrices.

    ``inputs`` has shape (n_inputs,) or (batch, n_inputs), ``weights`` (n_weights,). It returns a list of the
    expectation values of the Pauli words as they are read, readout error included. The words are on the qubits of the
    circuit as written, Z on every one of them where none are given; qubit q of ``noisy.circuit`` is wire q.

    Raises:
        CircuitError: a text that is no Pauli word, a qubit out of range, or an empty list.
    """
    read = [_as_read(noisy, word) for word in noisy.words(observables)]

    def quantum_function(inputs: Any, weights: Any) -> list[Any]:
        for step in noisy.steps():
            if isinstance(step, Gate):
                queue(step, inputs, weights)
            else:
                qml.QubitChannel(list(step.channel.kraus), wires=list(step.qubits))
        return [qml.expval(observable) for observable in read]

    return quantum_function


def _as_read(noisy: NoisyCircuit, word: PauliWord) -> Any:
    """Return the observable whose value is that of ``word`` as read: the product of scale * P + shift of its factors.

    Any letter is measured by a turn to Z, so its reading errs as that of Z does.
    """
    if noisy.readout is None:
        return reduce(_tensor, (_PAULI[letter](qubit) for qubit, letter in word.factors))
    factors = []
    for qubit, letter in word.factors:
        scale, shift = noisy.readout.on_z(qubit)
        choices = [(scale, _PAULI[letter](qubit)), (shift, qml.Identity(qubit))]
        factors.append(choices if shift else choices[:1])
    terms = list(product(*factors))  # one choice of a scaled letter or of a shift per factor
    coefficients = [reduce(float.__mul__, (number for number, _ in term)) for term in terms]
    return qml.Hamiltonian(coefficients, [reduce(_tensor, (operator for _, operator in term)) for term in terms])


def _tensor(left: Any, right: Any) -> Any:
    return left @ right
