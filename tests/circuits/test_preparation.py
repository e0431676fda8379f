"""Amplitudes prepared by gates are the amplitudes, by an independent simulator; gates are as many as published."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from qlab.circuits import variational
from qlab.circuits.circuit import Circuit
from qlab.circuits.preparation import by_rotations, preparation_angles
from qlab.circuits.slots import Input
from qlab.errors import CircuitError


def state_by_qiskit(circuit: Circuit, inputs: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[complex]:
    """Qiskit's first qubit is the last bit of a basis state's number, here it is the first."""
    found = Statevector(circuit.to_qiskit(inputs.tolist(), [])).reverse_qargs().data
    return [complex(value) for value in found]


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 4, 5])
def test_gates_prepare_the_amplitudes_with_their_signs(n_qubits: int) -> None:
    rng = np.random.default_rng(n_qubits)
    amplitudes = rng.normal(size=(6, 2**n_qubits))
    amplitudes[0, 1:] = 0  # subtrees of zeros
    amplitudes[1, : 2 ** (n_qubits - 1)] = 0
    amplitudes[2] = np.abs(amplitudes[2])
    circuit = by_rotations(Circuit(n_qubits, [("AmplitudeEmbedding", range(n_qubits))]))
    assert not circuit.embeds_amplitudes
    assert circuit.counts.get("RY", 0) == 2**n_qubits - 1
    assert circuit.counts.get("CNOT", 0) == 2**n_qubits - 2
    rows = np.concatenate([amplitudes, preparation_angles(amplitudes)], axis=1)
    for row, values in zip(rows, amplitudes, strict=True):
        expected = values / np.linalg.norm(values)
        np.testing.assert_allclose(state_by_qiskit(circuit, row), expected, atol=1e-12)


def test_other_gates_keep_their_weights_and_inputs() -> None:
    given = variational(3, 2, "amplitude", "basic_entangler")
    found = by_rotations(given)
    assert found.gates[-len(given.gates) + 1 :] == given.gates[1:]
    assert (found.n_weights, found.n_inputs) == (given.n_weights, 8 + 7)
    later = Circuit(2, [("AmplitudeEmbedding", (0, 1)), ("RZ", 1, Input(4))])
    assert by_rotations(later).gates[-1] == later.gates[-1]
    assert by_rotations(later).n_inputs == 5 + 3


def test_what_has_no_amplitudes_is_refused() -> None:
    with pytest.raises(CircuitError, match="embeds no amplitudes"):
        by_rotations(variational(2, 1, "angle", "ring"))
    with pytest.raises(CircuitError, match="all zero"):
        preparation_angles(np.zeros((1, 4)))
