from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from qlab.circuits import Builder, Circuit, Gate, Input, Weight
from qlab.errors import CircuitError


def example() -> Circuit:
    return Circuit(
        3,
        [
            ("RY", 0, Input(0)),
            ("CNOT", (0, 1)),
            ("RX", 1, Weight(0)),
            ("RZ", 2, 0.3),
            ("Rot", 0, (Weight(1), Weight(2), 0.1)),
            ("IsingZZ", (0, 2), Input(0, 3)),
        ],
    )


def test_a_circuit_knows_its_size() -> None:
    circuit = example()
    assert (circuit.n_inputs, circuit.n_weights) == (4, 3)
    assert circuit.depth == 4  # RY, CNOT, Rot, IsingZZ on qubit 0
    assert circuit.counts == {"RY": 1, "CNOT": 1, "RX": 1, "RZ": 1, "Rot": 1, "IsingZZ": 1}
    assert circuit.two_qubit_gates == 2


def test_an_empty_circuit_has_no_depth() -> None:
    circuit = Circuit(2, [])
    assert (circuit.n_inputs, circuit.n_weights, circuit.depth, circuit.two_qubit_gates) == (0, 0, 0, 0)


def test_equal_gates_make_equal_circuits() -> None:
    one, other = example(), example()
    assert one == other
    assert hash(one) == hash(other)
    assert one != Circuit(4, one.gates)
    assert one != Circuit(3, one.gates[:-1])
    assert pickle.loads(pickle.dumps(one)) == one


def test_circuits_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        example().n_qubits = 5  # type: ignore[misc]
    with pytest.raises(AttributeError):
        example().gates[0].name = "RX"  # type: ignore[misc]


def test_slots_are_scaled_and_multiplied() -> None:
    assert 2 * Input(1) * Input(0, scale=0.5) == Input(0, 1)
    assert -Weight(3) / 2 == Weight(3, -0.5)
    assert Input(1, 0) == Input(0, 1)


def test_every_angle_becomes_an_input_of_its_own() -> None:
    separate, replaced = example().by_angle
    assert replaced == (Input(0), Weight(0), Weight(1), Weight(2), Input(0, 3))
    assert separate.slots == (Input(0), Input(1), 0.3, Input(2), Input(3), 0.1, Input(4))
    assert (separate.n_inputs, separate.n_weights) == (5, 0)


def test_angles_come_behind_embedded_amplitudes() -> None:
    circuit = Circuit(2, [("AmplitudeEmbedding", range(2)), ("RX", 0, Weight(5))])
    separate, replaced = circuit.by_angle
    assert replaced == (Weight(5),)
    assert separate.slots == (Input(4),)


def test_shift_executions_count_the_terms_of_every_weight() -> None:
    circuit = Circuit(2, [("RX", 0, Weight(0)), ("CRot", (0, 1), (Weight(1), 0.1, Input(0))), ("RZ", 1, Weight(0))])
    assert circuit.shift_executions == 2 + 4 + 2


def test_a_builder_counts_weights_in_order() -> None:
    builder = Builder()
    builder.gate("RX", 0, builder.weight())
    builder.gate("CRX", [0, 1], builder.weight(scale=2.0))
    builder.gate("RY", 1, builder.input(0, 1, scale=0.5))
    expected = [("RX", 0, Weight(0)), ("CRX", (0, 1), Weight(1, 2.0)), ("RY", 1, Input(0, 1, scale=0.5))]
    assert builder.circuit(2) == Circuit(2, expected)


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: Circuit(2, [("CNTO", (0, 1))]), "unknown gate 'CNTO'; did you mean 'CNOT'"),
    (lambda: Circuit(2, [("CNOT", 0)]), "CNOT acts on 2 qubits, not on 1"),
    (lambda: Circuit(2, [("CNOT", (1, 1))]), "CNOT got the same qubit twice"),
    (lambda: Circuit(2, [("RX", 0)]), "RX takes 1 angles, not 0"),
    (lambda: Circuit(2, [("Rot", 0, (0.1, 0.2))]), "Rot takes 3 angles, not 2"),
    (lambda: Circuit(2, [("RX", 2, 0.1)]), r"gate 0 \(RX\) acts on qubit 2, but the circuit has qubits 0 to 1"),
    (lambda: Circuit(2, [("RX", -1, 0.1)]), "acts on qubit -1"),
    (lambda: Circuit(2, [("RX", "a", 0.1)]), "got 'a' for a qubit"),
    (lambda: Circuit(2, [("RX", 0, float("nan"))]), "must be finite"),
    (lambda: Circuit(2, [("RX", 0, Input(0, scale=float("inf")))]), "must be finite"),
    (lambda: Circuit(2, [("RX", 0, "0.1 pi")]), "'0.1 pi' is no angle"),
    (lambda: Circuit(2, ["RX"]), "'RX' is no gate"),
    (lambda: Circuit(2, [("RX", 0, 0.1), ("AmplitudeEmbedding", (0, 1))]), "must be the first gate"),
    (lambda: Circuit(2, [("AmplitudeEmbedding", (1, 0))]), "must be on all qubits in order"),
    (lambda: Circuit(0, []), "at least one qubit"),
    (Input, "names no input"),
    (lambda: Input(-1), "takes indices 0, 1, 2"),
    (lambda: Weight(True), "takes indices 0, 1, 2"),
    (lambda: Gate("RX", (0,), (Weight(0), Weight(1))), "RX takes 1 angles, not 2"),
]


@pytest.mark.parametrize(("build", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_said(build: Callable[[], object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        build()
