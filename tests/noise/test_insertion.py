"""What a noise model puts into a circuit, and what it refuses."""

from __future__ import annotations

import pytest

from qlab.circuits import Circuit, Gate, Input, Weight
from qlab.errors import CircuitError, NoiseError, OptionError
from qlab.noise import Located, NoiseModel, NoisyCircuit, OverRotation, Readout, Resources, Rule
from qlab.noise.channels import bit_flip, dephasing, depolarizing
from tests.noise.reference import random_readout

FLIP, PAIR = bit_flip(0.1), depolarizing(0.1, 2)
CIRCUIT = Circuit(
    3,
    [
        ("RX", 0, Input(0)),
        ("CNOT", (0, 1)),
        ("Toffoli", (2, 1, 0)),
        ("CRZ", (2, 0), Weight(0, 0.5)),
        ("CNOT", (1, 0)),
        ("RX", 2, 0.3),
    ],
)


def where(*rules: Rule) -> list[list[tuple[int, ...]]]:
    """Return the qubits of the channels behind every gate."""
    noisy = NoiseModel("model", rules).insert(CIRCUIT)
    return [[item.qubits for item in after] for after in noisy.channels]


def test_a_channel_of_one_qubit_follows_a_gate_on_each_of_its_qubits() -> None:
    assert where(Rule(FLIP)) == [[(0,)], [(0,), (1,)], [(2,), (1,), (0,)], [(2,), (0,)], [(1,), (0,)], [(2,)]]


def test_a_channel_of_two_qubits_follows_gates_of_two_qubits() -> None:
    assert where(Rule(PAIR)) == [[], [(0, 1)], [], [(2, 0)], [(1, 0)], []]


def test_rules_choose_their_gates() -> None:
    assert where(Rule(FLIP, frozenset({"CNOT"}))) == [[], [(0,), (1,)], [], [], [(1,), (0,)], []]
    assert where(Rule(FLIP, n_qubits=1)) == [[(0,)], [], [], [], [], [(2,)]]
    assert where(Rule(FLIP, n_qubits=3)) == [[], [], [(2,), (1,), (0,)], [], [], []]
    assert where(Rule(FLIP, on=(1, 0))) == [[], [], [], [], [(1,), (0,)], []]
    assert where(Rule(FLIP, at=(1,))) == [[], [(1,)], [(1,)], [(0,)], [(0,)], []]


def test_rules_follow_in_their_order() -> None:
    after = NoiseModel("model", (Rule(PAIR), Rule(FLIP, at=(0,)))).insert(CIRCUIT).channels[1]
    assert after == (Located(PAIR, (0, 1)), Located(FLIP, (0,)))


def test_what_is_inserted_is_counted() -> None:
    model = NoiseModel("model", (Rule(FLIP), Rule(PAIR)), (OverRotation(0.1),), Readout.symmetric(0.1))
    noisy = model.insert(CIRCUIT)
    assert noisy.insertions == {"bit_flip": 11, "depolarizing": 3, "over_rotation": 3, "readout": 3}
    assert noisy.circuit != CIRCUIT
    assert (noisy.circuit.n_inputs, noisy.circuit.n_weights) == (CIRCUIT.n_inputs, CIRCUIT.n_weights)


def test_gates_that_turn_too_far() -> None:
    errors = (OverRotation(0.1), OverRotation(-0.5, frozenset({"RX"})))
    gates = NoiseModel("model", over_rotations=errors).insert(CIRCUIT).circuit.gates
    assert gates[0] == Gate("RX", (0,), (Input(0, scale=1.1 * 0.5),))
    assert gates[3] == Gate("CRZ", (2, 0), (Weight(0, 0.5 * 1.1),))
    assert gates[5].angles[0] == pytest.approx(0.3 * 1.1 * 0.5)
    assert gates[1] == CIRCUIT.gates[1]


def test_nothing_follows_a_preparation() -> None:
    circuit = Circuit(2, [("AmplitudeEmbedding", range(2)), ("CNOT", (0, 1))])
    noisy = NoiseModel("model", (Rule(FLIP),)).insert(circuit)
    assert [len(after) for after in noisy.channels] == [0, 2]
    with pytest.raises(NoiseError, match="inserts nothing"):
        NoiseModel("model", (Rule(FLIP),)).insert(Circuit(2, circuit.gates[:1]))


def test_a_model_that_would_change_nothing_is_refused() -> None:
    for model in (
        NoiseModel("mine", (Rule(FLIP, frozenset({"CZ", "RY"})),)),
        NoiseModel("mine", over_rotations=(OverRotation(0.1, frozenset({"CZ", "RY"})),)),
    ):
        with pytest.raises(NoiseError, match="mine follows CZ, RY, which the circuit does not have") as caught:
            model.insert(CIRCUIT)
        assert str(caught.value).endswith("its gates are CNOT, CRZ, RX, Toffoli")
        assert caught.value.exit_code == 1
    with pytest.raises(NoiseError, match="mine inserts nothing into this circuit: its gates are CNOT, CRZ, RX"):
        NoiseModel("mine", over_rotations=(OverRotation(0.1, frozenset({"CNOT"})),)).insert(CIRCUIT)


def test_every_gate_that_is_named_must_occur() -> None:
    names = frozenset({"CNOT", "CZ"})
    for model in (NoiseModel("mine", (Rule(FLIP, names),)), NoiseModel("mine", (), (OverRotation(0.1, names),))):
        with pytest.raises(NoiseError, match="mine follows CZ, which the circuit does not have: its gates are CNOT, C"):
            model.insert(CIRCUIT)
    assert NoiseModel("mine", (Rule(FLIP, frozenset({"CNOT", "RX"})),)).insert(CIRCUIT).insertions == {"bit_flip": 6}


def test_every_part_of_a_composed_model_must_change_something() -> None:
    flips = NoiseModel("flips", (Rule(FLIP),))
    pairs = NoiseModel("pairs", (Rule(PAIR),))
    both = NoiseModel.composed("both", [flips, NoiseModel("none"), pairs])
    assert both.insert(CIRCUIT).insertions == {"bit_flip": 11, "depolarizing": 3}
    with pytest.raises(NoiseError, match="the noise model pairs inserts nothing"):
        both.insert(Circuit(1, [("RX", 0, 0.1)]))


def test_models_without_strength_are_the_identity() -> None:
    rules = (Rule(dephasing(0.0)), Rule(depolarizing(0.0, 2)))
    model = NoiseModel("zero", rules, (OverRotation(0.0),), Readout.symmetric(0.0))
    assert model.is_identity
    noisy = model.insert(CIRCUIT)
    assert noisy.circuit == CIRCUIT
    assert (noisy.insertions, noisy.readout, any(noisy.channels)) == ({}, None, False)
    assert NoiseModel.composed("both", [model, model]).is_identity
    assert not NoiseModel("one", (*rules, Rule(dephasing(1e-6)))).is_identity


def test_readout_error_of_other_qubits_is_refused() -> None:
    import numpy as np

    model = NoiseModel("read", readout=random_readout(np.random.default_rng(0), 2))
    with pytest.raises(OptionError, match="matrices for 2 qubits, but the circuit has 3"):
        model.insert(CIRCUIT)


def test_observables_go_where_qubits_are_measured() -> None:
    plain = NoisyCircuit(CIRCUIT, ((),) * 6)
    assert [str(word) for word in plain.words()] == ["Z0", "Z1", "Z2"]
    assert plain.measured == (0, 1, 2)
    assert plain.resources == Resources(3, CIRCUIT.depth, 3)
    moved = NoisyCircuit(CIRCUIT, ((),) * 6, qubit_of=(2, 0), on_device=Resources(3, 9, 4))
    assert [str(word) for word in moved.words()] == ["Z2", "Z0"]
    assert [str(word) for word in moved.words(["X1 Z0", "Y0"])] == ["X0 Z2", "Y2"]
    assert (moved.measured, moved.resources) == ((2, 0), Resources(3, 9, 4))
    with pytest.raises(CircuitError, match="needs qubit 2, but there are 2"):
        moved.words(["Z2"])
