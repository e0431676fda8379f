from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from qlab.circuits import ANSATZE, ENCODINGS, Builder, Circuit, Input, Weight, variational
from qlab.circuits.builder import Ansatz
from qlab.circuits.encodings import iqp
from qlab.errors import CircuitError, UnknownNameError


def layers(name: str, n_qubits: int, n_layers: int) -> Circuit:
    builder = Builder()
    ANSATZE[name](builder, n_qubits, n_layers)
    return builder.circuit(n_qubits)


def cnots(circuit: Circuit) -> list[tuple[int, ...]]:
    return [gate.qubits for gate in circuit.gates if gate.name == "CNOT"]


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 5])
def test_strongly_entangling_is_pennylanes(n_qubits: int) -> None:
    weights = Weight.array(4, n_qubits, 3)
    theirs = Circuit.from_pennylane(lambda w: [qml.StronglyEntanglingLayers(w, range(n_qubits))], weights)
    assert layers("strongly_entangling", n_qubits, 4) == theirs


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 5])
def test_basic_entangler_is_pennylanes(n_qubits: int) -> None:
    weights = Weight.array(3, n_qubits)
    theirs = Circuit.from_pennylane(lambda w: [qml.BasicEntanglerLayers(w, range(n_qubits))], weights)
    assert layers("basic_entangler", n_qubits, 3) == theirs


def test_angle_and_iqp_encode_as_pennylane_does() -> None:
    builder = Builder()
    ENCODINGS["angle"](builder, 3)
    theirs = Circuit.from_pennylane(lambda x: [qml.AngleEmbedding(x, range(3), rotation="Y")], Input.array(3))
    assert builder.circuit(3) == theirs

    builder = Builder()
    iqp(builder, 3, repeats=2)
    x = np.array([0.3, -1.2, 2.0])
    ours = qml.matrix(builder.circuit(3).to_pennylane(), wire_order=range(3))(x, np.zeros(0))
    theirs = qml.matrix(qml.IQPEmbedding(x, range(3), n_repeats=2), wire_order=range(3))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_ring_rotates_before_it_entangles() -> None:
    circuit = layers("ring", 3, 2)
    layer = [("RX", 0), ("RY", 0), ("RZ", 0), ("RX", 1), ("RY", 1), ("RZ", 1), ("RX", 2), ("RY", 2), ("RZ", 2)]
    assert [(gate.name, gate.qubits[0]) for gate in circuit.gates[:9]] == layer
    assert [gate.qubits for gate in circuit.gates[9:12]] == [(0, 1), (1, 2), (2, 0)]
    assert circuit.slots == tuple(Weight(j) for j in range(18))


def test_ring_first_entangles_before_it_rotates() -> None:
    circuit = layers("ring_first", 4, 1)
    assert cnots(circuit) == [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert [gate.name for gate in circuit.gates[:4]] == ["CNOT"] * 4


def test_chain_and_tree_differ_in_the_entangler_alone() -> None:
    assert cnots(layers("chain", 4, 1)) == [(0, 1), (1, 2), (2, 3)]
    assert cnots(layers("tree", 4, 1)) == [(0, 2), (1, 3)]
    assert cnots(layers("tree", 5, 1)) == [(0, 2), (1, 3)]
    for name in ("ring", "ring_first", "chain", "tree"):
        assert layers(name, 4, 2).n_weights == 24


@pytest.mark.parametrize("name", ANSATZE)
def test_one_qubit_has_nothing_to_entangle(name: str) -> None:
    assert cnots(layers(name, 1, 2)) == []


def test_a_ring_of_two_goes_there_and_back() -> None:
    assert cnots(layers("ring", 2, 1)) == [(0, 1), (1, 0)]


def test_a_variational_circuit_encodes_once_or_before_every_layer() -> None:
    once = variational(3, 2, "angle", "ring")
    assert [gate.name for gate in once.gates].count("CNOT") == 6
    assert sum(isinstance(slot, Input) for slot in once.slots) == 3
    again = variational(3, 2, "angle", "ring", reuploading=True)
    assert sum(isinstance(slot, Input) for slot in again.slots) == 6
    assert again.n_weights == once.n_weights == 18
    assert [gate.name for gate in again.gates[15:18]] == ["RY", "RY", "RY"]


def test_an_ansatz_can_be_a_users_own_function() -> None:
    def mine(builder: Builder, n_qubits: int, n_layers: int) -> None:
        for _ in range(n_layers):
            builder.gate("CRX", (0, n_qubits - 1), builder.weight())

    chosen: Ansatz = mine
    expected = [("RY", 0, Input(0)), ("RY", 1, Input(1)), ("CRX", (0, 1), Weight(0)), ("CRX", (0, 1), Weight(1))]
    assert variational(2, 2, "angle", chosen) == Circuit(2, expected)


def test_amplitudes_are_not_uploaded_again() -> None:
    assert variational(2, 1, "amplitude", "ring").n_inputs == 4
    with pytest.raises(CircuitError, match="cannot be uploaded again"):
        variational(2, 3, "amplitude", "ring", reuploading=True)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown ansatz 'rings'; did you mean 'ring'"):
        variational(2, 1, "angle", "rings")
    with pytest.raises(UnknownNameError, match="unknown encoding 'angles'"):
        variational(2, 1, "angles", "ring")


@pytest.mark.parametrize("name", ANSATZE)
@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
def test_without_entanglers_the_rotations_and_their_weights_stay(name: str, encoding: str) -> None:
    whole, product = variational(4, 2, encoding, name), variational(4, 2, encoding, name, entanglers=False)
    assert (product.n_weights, product.n_inputs) == (whole.n_weights, whole.n_inputs)
    kept = [gate for gate in whole.gates if len(gate.qubits) == 1 or gate.name == "AmplitudeEmbedding"]
    assert list(product.gates) == kept


def test_an_entangler_with_a_weight_cannot_be_left_out() -> None:
    def mine(builder: Builder, n_qubits: int, n_layers: int) -> None:
        builder.gate("CRX", (0, 1), builder.weight())

    with pytest.raises(CircuitError, match="CRX entangles by a weight"):
        variational(2, 1, "angle", mine, entanglers=False)
