from __future__ import annotations

import numpy as np
import pytest
from qiskit.circuit import ParameterExpression

from qlab.circuits import Circuit, Input, PauliWord, Weight, variational
from qlab.circuits.qiskit import to_sparse_pauli
from qlab.errors import CircuitError


def test_parameters_stay_symbolic() -> None:
    circuit = Circuit(2, [("RY", 0, Input(0)), ("IsingZZ", (0, 1), Input(0, 1, scale=0.5)), ("RX", 1, -2 * Weight(1))])
    translated = circuit.to_qiskit()
    assert [parameter.name for parameter in translated.parameters] == ["w[1]", "x[0]", "x[1]"]
    x0, x1 = (p for p in translated.parameters if p.name.startswith("x"))
    angle = translated.data[1].operation.params[0]
    assert isinstance(angle, ParameterExpression)
    assert float(angle.bind({x0: 3.0, x1: 5.0})) == 7.5


def test_numbers_can_be_given() -> None:
    circuit = variational(2, 1, "amplitude", "ring")
    assert not circuit.to_qiskit(inputs=[1.0, 2.0, 3.0, 4.0], weights=[0.1] * 6).parameters
    assert len(circuit.to_qiskit(inputs=[1.0, 2.0, 3.0, 4.0]).parameters) == 6


def test_what_cannot_be_translated_is_said() -> None:
    circuit = variational(2, 1, "amplitude", "ring")
    with pytest.raises(CircuitError, match="cannot stay symbolic"):
        circuit.to_qiskit()
    with pytest.raises(CircuitError, match=r"inputs must have shape \(4,\) for this circuit, not \(3,\)"):
        circuit.to_qiskit(inputs=[1.0, 2.0, 3.0])
    with pytest.raises(CircuitError, match="zeros has no direction"):
        circuit.to_qiskit(inputs=[0.0] * 4)


def test_observables_count_qubits_from_the_right() -> None:
    assert to_sparse_pauli(PauliWord.of("X0 Z2"), 3).paulis.to_labels() == ["ZIX"]


def test_a_drawing_shows_every_gate_and_slot() -> None:
    drawing = variational(2, 1, "amplitude", "strongly_entangling").draw()
    for expected in ("q_0", "q_1", "AmplitudeEmbedding", "w[0]", "w[5]", "■"):
        assert expected in drawing
    assert "0.5*x[0]*x[1]" in Circuit(2, [("IsingZZ", (0, 1), Input(0, 1, scale=0.5))]).draw()


def test_amplitudes_are_embedded_in_reversed_bit_order() -> None:
    from qiskit.quantum_info import Statevector

    amplitudes = np.arange(1.0, 9.0)
    state = Statevector(Circuit(3, [("AmplitudeEmbedding", range(3))]).to_qiskit(inputs=list(amplitudes)))
    expected = amplitudes / np.linalg.norm(amplitudes)
    assert abs(state.data[0b011] - expected[0b110]) < 1e-12
