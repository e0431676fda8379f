from __future__ import annotations

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.observables import pauli_words
from qlab.engine.program import PermutationLayer, PhaseLayer, Program, RotationLayer, compile_program
from qlab.engine.pruning import Word


def compiled(circuit: Circuit, observables: list[str] | None = None) -> Program:
    return compile_program(circuit, pauli_words(circuit.n_qubits, observables))


def kinds(program: Program) -> list[type]:
    return [type(layer) for layer in program.layers]


def test_a_ring_takes_one_permutation_and_one_rotation_per_layer() -> None:
    program = compiled(variational(4, 3, "angle", "ring"))
    assert kinds(program) == [PermutationLayer, RotationLayer] * 2
    assert program.start is not None
    assert [len(run) for run in program.start.runs.values()] == [4] * 4  # RY of the input, RX, RY, RZ


def test_the_last_ring_is_measured_and_the_last_rz_is_dropped() -> None:
    program = compiled(variational(4, 2, "angle", "ring"))
    assert [word.z for word in program.words] == [0b0111, 0b1100, 0b1110, 0b1111]
    last = program.layers[-1]
    assert isinstance(last, RotationLayer)
    assert [len(run) for run in last.runs.values()] == [2] * 4  # RX, RY


def test_unmeasured_qubits_are_not_rotated_last() -> None:
    last = compiled(variational(6, 2, "angle", "ring_first"), ["Z1", "Z2"]).layers[-1]
    assert isinstance(last, RotationLayer)
    assert sorted(last.runs) == [1, 2]


def test_what_lies_outside_the_light_cone_is_dropped() -> None:
    circuit = Circuit(3, [("RY", 0, Weight(0)), ("CNOT", (1, 2)), ("RX", 2, Weight(1)), ("CRX", (1, 2), Weight(2))])
    program = compiled(circuit, ["Z0"])
    assert program.layers == ()
    assert program.start is not None
    assert list(program.start.runs) == [0]


def test_all_diagonal_gates_in_a_row_are_one_phase() -> None:
    program = compiled(variational(4, 1, "iqp", "ring"))
    assert kinds(program) == [PhaseLayer, RotationLayer]
    phases = program.layers[0]
    assert isinstance(phases, PhaseLayer)
    assert len(phases.per_sample) == 4 + 6
    assert not phases.shared


def test_constant_phases_of_the_same_qubits_are_added_up() -> None:
    gates = [("Hadamard", 0), ("Hadamard", 1), ("CZ", (0, 1)), ("CZ", (0, 1)), ("Hadamard", 1)]
    phases = compiled(Circuit(2, gates)).layers[0]
    assert isinstance(phases, PhaseLayer)
    assert len(phases.shared) == 3  # Z0, Z1, Z0 Z1


def test_a_lone_rz_goes_with_the_phases() -> None:
    gates = [("Hadamard", 1), ("CNOT", (0, 1)), ("RZ", 1, Input(0)), ("CNOT", (0, 1)), ("Hadamard", 1)]
    assert kinds(compiled(Circuit(2, gates))) == [PermutationLayer, PhaseLayer, PermutationLayer, RotationLayer]


def test_a_word_moves_through_a_swap() -> None:
    program = compiled(Circuit(3, [("SWAP", (0, 2))]), ["X0 Y1", "Z0 Z2"])
    assert program.words == (Word(0b011, 0b010), Word(0b000, 0b101))
