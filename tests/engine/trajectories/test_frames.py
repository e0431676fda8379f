"""Errors as inputs of a circuit: few of them, and none where nobody sees them."""

from __future__ import annotations

import numpy as np

from qlab.circuits import Circuit, Input, Weight
from qlab.engine.trajectories.frames import Frames, frames
from qlab.noise import Channel, Located, NoisyCircuit, models
from tests.engine.noisy_cases import lego

X, Z = Channel.pauli("x", [0.9, 0.1, 0, 0]), Channel.pauli("z", [0.9, 0, 0, 0.1])


def framed(circuit: Circuit, *errors: tuple[int, Channel, int], words: list[str] | None = None) -> Frames:
    """Return the frames of a circuit with (gate, channel, qubit) errors."""
    channels = [[Located(c, (q,)) for g, c, q in errors if g == place] for place in range(len(circuit.gates))]
    noisy = NoisyCircuit(circuit, tuple(map(tuple, channels)))
    return frames(noisy, noisy.words(words))


def test_a_layer_takes_two_inputs_per_qubit() -> None:
    for n_qubits in (4, 8):
        circuit = lego(n_qubits, 6)
        noisy = models.depolarizing(p=0.01, p2=0.02, gates=None).insert(circuit)
        found = frames(noisy, noisy.words())
        assert found.circuit.n_inputs == n_qubits + 2 * n_qubits * 5  # behind each ring but the last


def test_errors_that_only_meet_clifford_gates_need_no_input() -> None:
    circuit = Circuit(2, [("RY", 0, Input(0)), ("Hadamard", 0), ("CNOT", (0, 1)), ("S", 1), ("SX", 0)])
    found = framed(circuit, (0, X, 0), (2, Z, 1))
    assert found.circuit == circuit
    assert found.events.n_bits == 2


def test_what_no_word_sees_is_no_event() -> None:
    circuit = Circuit(3, [("RY", 0, Input(0)), ("RX", 1, Weight(0)), ("CNOT", (1, 2)), ("RZ", 0, Weight(1))])
    assert framed(circuit, (0, X, 0), words=["Z0"]).events.quiet == 0.9
    assert framed(circuit, (0, X, 0), words=["Z1", "Z2"]).events.quiet == 1  # another light cone
    assert framed(circuit, (3, Z, 0), words=["Z0"]).events.quiet == 1  # it commutes
    assert framed(circuit, (3, Z, 0), words=["X0"]).events.quiet == 0.9
    unseen = framed(circuit, (0, X, 0), words=["Z1"])
    assert unseen.circuit == circuit


def test_one_diagonal_gate_stops_flips_but_not_phase_flips() -> None:
    circuit = Circuit(2, [("RY", 0, Input(0)), ("CRZ", (0, 1), Weight(0)), ("RX", 0, Weight(1))])
    gates = [gate.name for gate in framed(circuit, (0, X, 0)).circuit.gates]
    assert gates == ["RY", "RX", "CRZ", "RX"]
    gates = [gate.name for gate in framed(circuit, (0, Z, 0)).circuit.gates]
    assert gates == ["RY", "CRZ", "RX", "RY", "RX"]  # Z as X times Y: one input, and no diagonal gate of its own


def test_depolarizing_waits_for_the_next_gate_on_more_qubits() -> None:
    circuit = Circuit(2, [("RX", 0, Weight(0)), ("RY", 0, Weight(1)), ("RZ", 0, Weight(2)), ("CNOT", (0, 1))])
    p, depolarizing = 0.01, Channel.pauli("d", [0.99, *[0.01 / 3] * 3])
    found = framed(circuit, *((place, depolarizing, 0) for place in range(3)))
    assert found.circuit == circuit
    merged = (1 - (1 - 4 * p / 3) ** 3) / 4  # of each letter; Z in front of the CNOT is not seen
    np.testing.assert_allclose(found.events.quiet, 1 - 2 * merged, rtol=1e-12)
