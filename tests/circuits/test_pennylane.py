from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.errors import CircuitError
from tests.circuits.random_circuits import random_case


def test_random_circuits_survive_the_way_there_and_back() -> None:
    rng = np.random.default_rng(3)
    for number in range(40):
        circuit = random_case(rng, 1 + number % 6).circuit
        back = Circuit.from_pennylane(
            circuit.to_pennylane(), Input.array(circuit.n_inputs), Weight.array(circuit.n_weights)
        )
        assert back == circuit


def test_a_qnode_is_traced_with_its_arithmetic() -> None:
    def function(x: Any, w: Any) -> Any:
        qml.RY(np.pi / 2 * x[0], wires=0)
        qml.RZ(x[0] * x[1] / 2, wires=1)
        qml.CRot(w[0], -w[1], 0.3, wires=[0, 1])
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(function, qml.device("default.qubit", wires=2))
    expected = [
        ("RY", 0, Input(0, scale=np.pi / 2)),
        ("RZ", 1, Input(0, 1, scale=0.5)),
        ("CRot", (0, 1), (Weight(0), -Weight(1), 0.3)),
    ]
    assert Circuit.from_pennylane(qnode, Input.array(2), Weight.array(2)) == Circuit(2, expected)


def test_a_tape_has_constants_and_foreign_gates_are_decomposed() -> None:
    operations = [qml.Hadamard("a"), qml.Barrier(), qml.MultiRZ(0.4, ["a", "b"]), qml.adjoint(qml.T)("b")]
    circuit = Circuit.from_pennylane(qml.tape.QuantumScript(operations, [qml.expval(qml.Z("a"))]))
    expected = [("Hadamard", 0), ("CNOT", (1, 0)), ("RZ", 0, 0.4), ("CNOT", (1, 0)), ("Adjoint(T)", 1)]
    assert circuit == Circuit(2, expected)


def test_numbers_among_the_arguments_become_constants() -> None:
    circuit = variational(2, 1, "angle", "ring")
    bound = Circuit.from_pennylane(circuit.to_pennylane(), Input.array(2), np.arange(6.0))
    assert bound.n_weights == 0
    assert bound.slots[2:] == tuple(np.arange(6.0))


def test_what_cannot_be_translated_is_said() -> None:
    with pytest.raises(CircuitError, match="one number, not a batch"):
        Circuit.from_pennylane(lambda x: [qml.RX(x, wires=0)], np.array([0.1, 0.2]))
    with pytest.raises(CircuitError, match="slots cannot follow"):
        Circuit.from_pennylane(lambda w: [qml.RX(w[0] + 1, wires=0)], Weight.array(1))
    with pytest.raises(CircuitError, match="amplitude embedding takes the inputs"):
        Circuit.from_pennylane(lambda: [qml.AmplitudeEmbedding(np.array([1.0, 0.0]), wires=0)])
    with pytest.raises(CircuitError, match="QubitChannel has no translation"):
        Circuit.from_pennylane(lambda: [qml.QubitChannel([np.eye(2)], wires=0)])
