"""Channels from calibrations: those of Qiskit Aer's model of the same device, and the infidelity that was measured."""

from __future__ import annotations

import dataclasses
import json
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit.circuit.library import CXGate, Measure, SXGate
from qiskit.providers import BackendV2
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import PTM, average_gate_fidelity
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer.noise.device.models import basic_device_gate_errors

from qlab.errors import CapabilityError
from qlab.noise.calibration import Calibration, average_fidelity, depolarizing_probability
from qlab.noise.channels import amplitude_damping, depolarizing, thermal_relaxation
from qlab.noise.ibm import device_named
from qlab.noise.noisy import Located
from tests.noise.reference import kron

Transfer = NDArray[np.float64]


def transfer(found: tuple[Located, ...], qubits: tuple[int, ...]) -> Transfer:
    """Return the transfer matrix of channels in sequence on ``qubits``."""
    total = np.eye(4 ** len(qubits))
    for item in found:
        if item.qubits == qubits:
            step = item.channel.transfer
        else:
            step = kron(item.channel.transfer if (qubit,) == item.qubits else np.eye(4) for qubit in qubits)
        total = step @ total
    return total


def of_aer(error: Any) -> Transfer:
    """Return the transfer matrix of Aer's error, the first qubit of the gate first."""
    data = PTM(error.to_quantumchannel()).data.real
    swapped: Transfer = data.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16) if len(data) == 16 else data
    return swapped


def check_against_aer(device: BackendV2, chosen: list[tuple[str, tuple[int, ...]]]) -> None:
    """Compare with what ``NoiseModel.from_backend`` is made of, for a target of the chosen gates alone."""
    whole, target = device.target, Target(qubit_properties=device.target.qubit_properties)
    for name in {name for name, _ in chosen}:
        gates = {qubits: whole[name][qubits] for each, qubits in chosen if each == name}
        target.add_instruction(whole.operation_from_name(name), gates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about truncated T2 times
        theirs = {
            (name, tuple(qubits)): of_aer(error) for name, qubits, error in basic_device_gate_errors(target=target)
        }
    assert len(theirs) >= len(chosen) // 2
    ours = Calibration(device)
    for name, qubits in chosen:
        expected = theirs.get((name, qubits), np.eye(4 ** len(qubits)))
        found = transfer(ours.channels(name, qubits), qubits)
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=f"{name} on {qubits}")


def chosen_gates(device: BackendV2, every: int) -> list[tuple[str, tuple[int, ...]]]:
    """Return every so many gates of a device that work."""
    left_out = ("measure", "delay", "reset", "if_else", "for_loop", "while_loop", "switch_case")
    working = [
        (name, qubits)
        for name in sorted(set(device.target.operation_names) - set(left_out))
        for qubits, measured in sorted(device.target[name].items())
        if not measured or (measured.error or 0) < 0.5
    ]
    return working[::every]


def test_channels_of_torino_are_those_of_aer() -> None:
    device = device_named("fake_torino")
    check_against_aer(device, chosen_gates(device, 25))


@pytest.mark.parametrize("name", ["fake_manila", "fake_peekskill", "fake_boeblingen", "fake_fractional"])
def test_channels_of_other_devices_are_those_of_aer(name: str) -> None:
    """With CX, ECR, the older u2 and u3, and the newer RX and RZZ."""
    device = device_named(name)
    check_against_aer(device, chosen_gates(device, 3))


def test_channels_of_a_device_of_qiskits_own_are_those_of_aer() -> None:
    device = GenericBackendV2(5, seed=3)
    check_against_aer(device, chosen_gates(device, 1))


def test_a_gate_has_the_infidelity_that_was_measured() -> None:
    device = device_named("fake_torino")
    calibration, reached = Calibration(device), 0
    for name, qubits in chosen_gates(device, 7):
        measured = device.target[name][qubits].error
        found = calibration.channels(name, qubits)
        if not any(item.channel.name == "depolarizing" for item in found):
            continue  # relaxation alone loses more, or nothing is lost
        dimension = 2 ** len(qubits)
        entanglement = np.trace(transfer(found, qubits)) / dimension**2
        assert 1 - (dimension * entanglement + 1) / (dimension + 1) == pytest.approx(measured, rel=1e-9)
        reached += 1
    assert reached > 50


def test_the_average_fidelity_is_that_of_qiskit() -> None:
    from qiskit.quantum_info import Kraus

    channels = [thermal_relaxation(10, 12, 3, 0.1), amplitude_damping(0.2)]
    theirs = Kraus(list(channels[0].kraus)).tensor(Kraus(list(channels[1].kraus)))
    assert average_fidelity(channels) == pytest.approx(average_gate_fidelity(theirs), abs=1e-12)


@pytest.mark.parametrize("n_qubits", [1, 2])
@pytest.mark.parametrize("p", [0.0, 0.01, 0.5])
def test_the_probability_is_found_from_the_infidelity(n_qubits: int, p: float) -> None:
    relaxations = [thermal_relaxation(10, 12, 0.1 * (qubit + 1)) for qubit in range(n_qubits)]
    total = depolarizing(p, n_qubits).transfer
    total = kron(channel.transfer for channel in relaxations) @ total
    dimension = 2**n_qubits
    infidelity = 1 - (np.trace(total) / dimension + 1) / (dimension + 1)
    assert depolarizing_probability(infidelity, relaxations) == pytest.approx(p, abs=1e-12)
    assert depolarizing_probability(0.0, relaxations) == 0


def test_gates_that_take_no_time_have_no_noise() -> None:
    calibration = Calibration(device_named("fake_torino"))
    assert calibration.channels("rz", (3,)) == ()
    assert Calibration(device_named("fake_boeblingen")).channels("u1", (3,)) == ()


def test_readings_of_torino_err_as_calibrated() -> None:
    device = device_named("fake_torino")
    properties = json.loads(json.dumps(device.properties().to_dict(), default=str))
    for qubit in (0, 17, 132):
        named = {item["name"]: item["value"] for item in properties["qubits"][qubit]}
        zero, one = named["prob_meas1_prep0"], named["prob_meas0_prep1"]
        np.testing.assert_allclose(Calibration(device).confusion(qubit), [[1 - zero, one], [zero, 1 - one]])
    assert Calibration(device).date == "2025-02-26T15:26:08-05:00"


def small(**changes: Any) -> BackendV2:
    """Return a device of two qubits that says less than IBM's."""
    device = GenericBackendV2(2, seed=1)
    times = [QubitProperties(t1=1e-4, t2=3e-4), QubitProperties()]
    target = Target(num_qubits=2, qubit_properties=changes.pop("qubit_properties", times))
    error = changes.pop("error", 0.01)
    target.add_instruction(SXGate(), {(0,): InstructionProperties(1e-7, 1e-3), (1,): InstructionProperties()})
    target.add_instruction(CXGate(), {(0, 1): InstructionProperties(1e-7, error), (1, 0): None})
    target.add_instruction(Measure(), {(0,): InstructionProperties(1e-6, 0.03), (1,): None})
    device._target = target
    return device


def test_what_was_not_measured_has_no_error() -> None:
    calibration = Calibration(small())
    assert calibration.channels("sx", (1,)) == ()
    assert calibration.channels("cx", (1, 0)) == ()
    assert [item.qubits for item in calibration.channels("cx", (0, 1))] == [(0, 1), (0,)]
    np.testing.assert_allclose(calibration.confusion(0), [[0.97, 0.03], [0.03, 0.97]])
    np.testing.assert_allclose(calibration.confusion(1), np.eye(2))
    assert calibration.date is None
    assert [item.channel.name for item in Calibration(small(qubit_properties=None)).channels("sx", (0,))] == [
        "depolarizing"
    ]


def test_t2_counts_as_twice_t1_where_it_was_measured_longer() -> None:
    relaxation = Calibration(small()).channels("cx", (0, 1))[1].channel
    assert relaxation.transfer[1, 1] == pytest.approx(np.exp(-1e-7 / 2e-4))


def test_a_gate_that_does_not_work_is_refused() -> None:
    with pytest.raises(CapabilityError, match="cx on 0, 1, which does not work there: its calibrated error is 1"):
        Calibration(small(error=1.0)).channels("cx", (0, 1))


def test_noise_of_a_calibration_travels() -> None:
    """What was found once is found again without the work, and is the same."""
    calibration = Calibration(device_named("fake_manila"))
    assert calibration.channels("cx", (0, 1)) is calibration.channels("cx", (0, 1))
    assert dataclasses.is_dataclass(calibration.channels("cx", (0, 1))[0])
