"""Pauli errors in a circuit, as few as describe them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.gate import Gate
from qlab.noise.noisy import NoisyCircuit

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PauliError:
    """What happens to m qubits: probabilities (4^m,) of products of I, X, Y, Z, the last qubit's varying fastest."""

    qubits: tuple[int, ...]
    probabilities: Probabilities = field(repr=False)


Step = Gate | PauliError


def merged_steps(noisy: NoisyCircuit) -> list[Step]:
    """Return the gates and Pauli errors of a circuit whose channels all are mixtures of Paulis.

    Depolarizing of one qubit commutes with every gate on that qubit and with every mixture of Paulis. So it waits for
    the next gate on more qubits, or the end, and is merged with what else has come there.
    """
    waiting = _Depolarizing(noisy.n_qubits)
    steps: list[Step] = []
    for step in noisy.steps():
        if isinstance(step, Gate):
            if len(step.qubits) > 1:
                steps += waiting.released(step.qubits)
            steps.append(step)
            continue
        probabilities = step.channel.probabilities
        assert probabilities is not None
        if not waiting.takes(step.qubits, probabilities):
            steps.append(PauliError(step.qubits, probabilities))
    return steps + waiting.released(range(noisy.n_qubits))


class _Depolarizing:
    """For each qubit by how much depolarizing that waits shrinks its Bloch vector."""

    def __init__(self, n_qubits: int) -> None:
        self._shrinks = [1.0] * n_qubits

    def takes(self, qubits: tuple[int, ...], probabilities: Probabilities) -> bool:
        """Let errors wait; return whether they are such that can."""
        if len(qubits) > 1 or not np.allclose(probabilities[1:], probabilities[1], rtol=0, atol=1e-15):
            return False
        self._shrinks[qubits[0]] *= 1 - 4 * float(probabilities[1])
        return True

    def released(self, qubits: range | tuple[int, ...]) -> list[Step]:
        """Return what waits on some qubits; it waits no longer."""
        steps: list[Step] = []
        for qubit in qubits:
            each = (1 - self._shrinks[qubit]) / 4
            if each:
                steps.append(PauliError((qubit,), np.array([1 - 3 * each, each, each, each])))
            self._shrinks[qubit] = 1.0
        return steps
