"""PennyLane's simulator of density matrices, in complex128."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pennylane as qml

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.sampling import exact
from qlab.bench.problem import Problem
from qlab.circuits.slots import Input

_MATRICES = ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
_PAULIS = [np.array(matrix, complex) for matrix in _MATRICES]


class DefaultMixed:
    """default.mixed on a broadcast batch."""

    def __init__(self, task: Task) -> None:
        self._problem, self._sets = task.problem, task.numbers
        device = qml.device("default.mixed", wires=task.problem.n_qubits)
        self._qnode = qml.QNode(_function(task.problem), device, interface=None, diff_method=None)

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values (B, K)."""
        numbers = self._sets[turn]
        return exact(self._problem, np.stack(list(self._qnode(numbers.inputs, numbers.weights)), -1))

    def evaluate(self, turn: int) -> None:
        """Compute the values, which is all that a step does."""
        self.step(turn)


def _function(problem: Problem) -> Any:
    gates, errors = problem.circuit().gates, {n: _depolarizing(problem.error, n) for n in (1, 2)}

    def function(inputs: Any, weights: Any) -> list[Any]:
        for gate in gates:
            slots: list[Any] = list(gate.angles)
            angles = [inputs[:, s.indices[0]] if isinstance(s, Input) else weights[s.index] for s in slots]
            getattr(qml, gate.name)(*angles, wires=gate.qubits)
            qml.QubitChannel(errors[len(gate.qubits)], wires=gate.qubits)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(problem.n_measured)]

    return function


def _depolarizing(error: float, n_qubits: int) -> list[Any]:
    """Return Kraus operators by which one of the Paulis other than the identity happens with probability ``error``."""
    words = [reduce(np.kron, word) for word in product(_PAULIS, repeat=n_qubits)]
    shares = [1 - error] + [error / (len(words) - 1)] * (len(words) - 1)
    return [np.sqrt(share) * word for share, word in zip(shares, words, strict=True)]
