"""Noisy circuits in Qiskit: every error at its place, whatever the gates are called."""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SuperOp

from qlab.circuits import Circuit, Input
from qlab.noise import Channel, Located, NoisyCircuit, models
from qlab.noise.qiskit import to_qiskit
from tests.noise.reference import Matrix, random_channel

ERROR = "quantum_channel"


def names(circuit: QuantumCircuit) -> list[str]:
    return [instruction.operation.name for instruction in circuit.data]


def test_errors_stand_behind_their_gate_only() -> None:
    circuit = Circuit(2, [("RX", 0, 0.3), ("RX", 0, 0.3), ("Rot", 1, (0.1, 0.2, 0.3)), ("CNOT", (0, 1))])
    flip = Located(Channel.pauli("flip", [0.9, 0.1, 0, 0]), (1,))
    translated = to_qiskit(NoisyCircuit(circuit, ((), (flip,), (flip,), (flip, flip))))
    assert names(translated) == ["rx", "rx", ERROR, "rz", "ry", "rz", ERROR, "cx", ERROR, ERROR]
    assert translated.find_bit(translated.data[2].qubits[0]).index == 1


def test_as_many_errors_as_were_inserted() -> None:
    circuit = Circuit(3, [("RY", 0, Input(0)), ("CNOT", (0, 1)), ("CRZ", (1, 2), 0.4), ("Toffoli", (0, 1, 2))])
    noisy = models.lego(p=0.01, dephasing=0.01, flip=0.0, gates=None).insert(circuit)
    translated = to_qiskit(noisy)
    assert names(translated).count(ERROR) == sum(noisy.insertions.values())
    assert [parameter.name for parameter in translated.parameters] == ["x[0]"]


def test_channels_of_two_qubits_keep_the_order_of_qubits() -> None:
    rng = np.random.default_rng(0)
    circuit = Circuit(2, [("SWAP", (0, 1))])
    uneven = Channel.pauli("uneven", [0.6, *rng.dirichlet(np.ones(15)) * 0.4])
    for channel in (uneven, random_channel(rng, 2, 3)):
        for qubits in ((0, 1), (1, 0)):
            translated = to_qiskit(NoisyCircuit(circuit, ((Located(channel, qubits),),)))
            error = translated.data[1]
            places = [translated.find_bit(qubit).index for qubit in error.qubits]
            found = SuperOp(np.eye(16)).compose(SuperOp(error.operation), qargs=places)
            # Qiskit's first qubit is the least significant bit
            ours = SuperOp(_superoperator(channel)).data
            expected = SuperOp(np.eye(16)).compose(SuperOp(ours), qargs=list(qubits[::-1])).data
            np.testing.assert_allclose(found.data, expected, rtol=0, atol=1e-12)


def _superoperator(channel: Channel) -> Matrix:
    """Return it in the convention that stacks columns."""
    found: Matrix = np.sum([np.kron(kraus.conj(), kraus) for kraus in channel.kraus], axis=0)
    return found
