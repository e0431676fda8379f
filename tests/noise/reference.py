"""An independent simulation of noisy circuits: dense matrices, Kraus operators, counts that are read wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from qlab.circuits import Circuit, Gate, Input, PauliWord
from qlab.circuits.slots import Slot
from qlab.noise import Channel, Located, NoisyCircuit, Readout

Matrix = NDArray[np.complex128]
Numbers = NDArray[np.float64]
TO_Z: dict[str, Matrix] = {
    "Z": np.eye(2, dtype=np.complex128),
    "X": np.array([[1, 1], [1, -1]], dtype=np.complex128) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]], dtype=np.complex128) / np.sqrt(2),
}


def read_values(noisy: NoisyCircuit, words: Sequence[str] | None, inputs: Numbers, weights: Numbers) -> Numbers:
    """Return the values of Pauli words as read, for one sample: from the distribution of what is read."""
    rho = density_matrix(noisy, inputs, weights)
    return np.array([_read(rho, noisy, word) for word in noisy.words(words)])


def density_matrix(noisy: NoisyCircuit, inputs: Numbers, weights: Numbers) -> Matrix:
    """Return the state (2^n, 2^n) behind all gates and channels."""
    n_qubits = noisy.n_qubits
    rho = np.zeros((2**n_qubits, 2**n_qubits), dtype=np.complex128)
    rho[0, 0] = 1
    for step in noisy.steps():
        if isinstance(step, Located):
            operators = [embedded(kraus, step.qubits, n_qubits) for kraus in step.channel.kraus]
        else:
            operators = [embedded(unitary(step, inputs, weights), step.qubits, n_qubits)]
        rho = np.sum([k @ rho @ k.conj().T for k in operators], axis=0)
    return rho


def unitary(gate: Gate, inputs: Numbers, weights: Numbers) -> Matrix:
    """Return PennyLane's matrix of a gate."""
    angles = [_number(slot, inputs, weights) for slot in gate.angles]
    wires = range(len(gate.qubits))
    if gate.name.startswith("Adjoint("):
        return np.asarray(qml.matrix(qml.adjoint(getattr(qml, gate.name[8:-1]))(wires=wires)))
    return np.asarray(qml.matrix(getattr(qml, gate.name)(*angles, wires=wires)), dtype=np.complex128)


def embedded(matrix: Matrix, qubits: Sequence[int], n_qubits: int) -> Matrix:
    """Return a matrix on some qubits as one on all; qubit 0 is the most significant bit."""
    rest = [qubit for qubit in range(n_qubits) if qubit not in qubits]
    grown = kron([matrix, np.eye(2 ** len(rest))]).reshape((2,) * (2 * n_qubits))
    place = np.argsort([*qubits, *rest])
    whole: Matrix = grown.transpose([*place, *(place + n_qubits)]).reshape(2**n_qubits, -1)
    return whole


def kron(matrices: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the tensor product, the first factor the most significant."""
    product: NDArray[Any] = np.ones(1)
    for matrix in matrices:
        product = np.kron(product, matrix)
    return product


def superoperator(kraus: Matrix) -> Matrix:
    """Return sum_k K (x) K*, which does not depend on the choice of Kraus operators."""
    total: Matrix = np.sum([np.kron(k, k.conj()) for k in kraus], axis=0)
    return total


def random_channel(rng: np.random.Generator, n_qubits: int, rank: int) -> Channel:
    """Return a channel that mixes everything: an isometry drawn from the Haar measure, cut into operators."""
    dimension = 2**n_qubits
    drawn = rng.normal(size=(rank * dimension, dimension)) + 1j * rng.normal(size=(rank * dimension, dimension))
    isometry, _ = np.linalg.qr(drawn)
    return Channel("random", isometry.reshape(rank, dimension, dimension))


def random_readout(rng: np.random.Generator, n_qubits: int) -> Readout:
    """Return another confusion matrix for every qubit, far from symmetric."""
    zero, one = rng.uniform(0, 0.3, size=(2, n_qubits))
    return Readout(np.array([[1 - zero, one], [zero, 1 - one]]).transpose(2, 0, 1))


def with_random_noise(rng: np.random.Generator, circuit: Circuit) -> NoisyCircuit:
    """Return ``circuit`` with random channels of one and two qubits behind its gates, and random readout error."""
    channels = []
    for gate in circuit.gates:
        after = [Located(random_channel(rng, 1, int(rng.integers(1, 5))), (int(rng.choice(gate.qubits)),))]
        if len(gate.qubits) == 2:
            after.append(Located(random_channel(rng, 2, int(rng.integers(1, 5))), gate.qubits[::-1]))
        channels.append(tuple(after) if rng.random() < 0.7 else ())
    return NoisyCircuit(circuit, tuple(channels), random_readout(rng, circuit.n_qubits))


def _read(rho: Matrix, noisy: NoisyCircuit, word: PauliWord) -> float:
    n_qubits, letters = noisy.n_qubits, dict(word.factors)
    turn = kron(TO_Z[letters.get(qubit, "Z")] for qubit in range(n_qubits))
    distribution = np.diag(turn @ rho @ turn.conj().T).real
    if noisy.readout is not None:
        distribution = kron(noisy.readout.of(qubit) for qubit in range(n_qubits)) @ distribution
    signs = kron(np.array([1, -1 if qubit in letters else 1]) for qubit in range(n_qubits))
    return float(signs @ distribution)


def _number(slot: Slot, inputs: Numbers, weights: Numbers) -> float:
    if isinstance(slot, float):
        return slot
    if isinstance(slot, Input):
        return slot.scale * float(np.prod(inputs[list(slot.indices)]))
    return slot.scale * float(weights[slot.index])
