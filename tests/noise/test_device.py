"""Noise of a device: the values that Qiskit Aer finds with its own model of that device, and who can be asked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from qiskit.providers import QiskitBackendNotFoundError
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_ibm_runtime.accounts import AccountNotFoundError

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.errors import JobError, NoiseError, QlabError, RequestError, UnknownNameError
from qlab.noise import ibm
from qlab.noise.device import DeviceNoise
from qlab.noise.ibm import device_named, stored_devices
from qlab.noise.pennylane import to_pennylane

CIRCUIT = variational(3, 2, "angle", "ring")
RNG = np.random.default_rng(8)
INPUTS, WEIGHTS = RNG.normal(size=CIRCUIT.n_inputs), RNG.normal(size=CIRCUIT.n_weights)
LETTERS = ["ZII", "IZI", "IIZ", "ZZI", "XIY"]  # Qiskit's: qubit 0 on the right
WORDS = ["Z2", "Z1", "Z0", "Z1 Z2", "X2 Y0"]


def ours(noise: DeviceNoise) -> list[float]:
    noisy = noise.insert(CIRCUIT)
    device = qml.device("default.mixed", wires=noisy.n_qubits)
    return [float(value) for value in qml.QNode(to_pennylane(noisy, WORDS), device)(INPUTS, WEIGHTS)]


def aers(backend: Any) -> list[float]:
    """Transpile, bind and simulate with Qiskit alone, with Aer's model of the device, without its readout error."""
    by_angle, slots = CIRCUIT.by_angle
    passes = generate_preset_pass_manager(optimization_level=3, backend=backend, seed_transpiler=0)
    executed = passes.run(by_angle.to_qiskit())
    values = []
    for slot in slots:
        assert isinstance(slot, Input | Weight)
        values.append(INPUTS[slot.indices[0]] if isinstance(slot, Input) else WEIGHTS[slot.index])
    bound = executed.assign_parameters({parameter: values[parameter.index] for parameter in executed.parameters})
    for number, letters in enumerate(LETTERS):
        observable = SparsePauliOp(letters).apply_layout(executed.layout)
        bound.save_expectation_value(observable, range(backend.num_qubits), label=str(number))
    noise = AerNoise.from_backend(backend, readout_error=False)
    data = AerSimulator(method="density_matrix", noise_model=noise).run(bound, shots=1).result().data()
    return [float(data[str(number)]) for number in range(len(LETTERS))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["fake_manila", "fake_lagos", "fake_fractional", "fake_london"])
def test_values_are_those_of_aer(name: str) -> None:
    backend = device_named(name)
    expected = aers(backend)
    np.testing.assert_allclose(ours(DeviceNoise(device=name, readout=False)), expected, atol=1e-10)
    ideal = ours(DeviceNoise(device=name, gate_errors=False, readout=False))
    assert np.abs(np.array(expected) - ideal).max() > 0.01


def test_readings_err_after_the_gates() -> None:
    noise, gates_only = DeviceNoise(device="fake_manila"), DeviceNoise(device="fake_manila", readout=False)
    readout = noise.insert(CIRCUIT).readout
    assert readout is not None
    exact = dict(zip(WORDS, ours(gates_only), strict=True))
    read = dict(zip(WORDS, ours(noise), strict=True))
    for qubit in range(3):
        scale, shift = readout.on_z(qubit)
        assert scale < 1
        assert read[f"Z{qubit}"] == pytest.approx(scale * exact[f"Z{qubit}"] + shift, abs=1e-12)


def test_the_record_says_what_was_executed() -> None:
    circuit, noise = variational(8, 6, "angle", "ring"), DeviceNoise(device="fake_torino")
    noisy = noise.insert(circuit)
    assert set(noisy.insertions) == {"depolarizing", "readout", "thermal_relaxation"}
    assert noisy.insertions["readout"] == 8
    assert (noisy.resources.n_qubits, len(noisy.measured)) == (12, 8)
    assert noisy.resources.depth > circuit.depth
    assert [str(word) for word in noisy.words()] == [f"Z{qubit}" for qubit in range(8)]
    said = json.loads(json.dumps(noisy.provenance))
    assert (said["device"], said["calibrated"], said["seed"]) == ("fake_torino", "2025-02-26T15:26:08-05:00", 0)
    assert len(said["physical_qubits"]) == 12
    assert (noise.name, noise.is_identity) == ("fake_torino", False)


def test_any_device_of_qiskit_can_be_given() -> None:
    noise = DeviceNoise(device=GenericBackendV2(4, seed=1))
    assert noise.name == "generic_backend_4q"
    assert {"readout", "thermal_relaxation"} <= set(noise.insert(CIRCUIT).insertions)


def test_a_device_that_was_never_measured_is_refused() -> None:
    unknown = GenericBackendV2(3, seed=1)
    target = Target(num_qubits=3)
    for name in ("cx", "rz", "sx", "x"):
        target.add_instruction(unknown.target.operation_from_name(name), dict.fromkeys(unknown.target[name]))
    unknown._target = target
    with pytest.raises(NoiseError, match="the calibration of generic_backend_3q knows no error"):
        DeviceNoise(device=unknown).insert(CIRCUIT)
    assert not DeviceNoise(device=unknown, gate_errors=False, readout=False).insert(CIRCUIT).insertions


def test_a_device_whose_gates_do_not_work_is_refused() -> None:
    with pytest.raises(RequestError, match=r"fake_kyoto executes .* with ecr on .*: its calibrated error is 1"):
        DeviceNoise(device="fake_kyoto").insert(Circuit(2, [("CNOT", (0, 1))]))


def test_names_of_devices() -> None:
    assert {"fake_torino", "fake_brisbane", "fake_fez", "fake_manila"} <= set(stored_devices())
    assert len(stored_devices()) > 50
    with pytest.raises(UnknownNameError, match="unknown device 'fake_turino'; did you mean 'fake_torino'"):
        DeviceNoise(device="fake_turino")
    with pytest.raises(UnknownNameError, match="did you mean 'fake_torino'"):
        DeviceNoise(device="torino")
    assert device_named("fake_manila") is device_named("fake_manila")


@pytest.mark.parametrize(
    ("failure", "kind", "complaint"),
    [
        (AccountNotFoundError("Unable to find account."), RequestError, "QISKIT_IBM_TOKEN.*Unable to find account"),
        (QiskitBackendNotFoundError("No backend"), RequestError, "the IBM account has no device ibm_fez"),
        (ConnectionError("no route to host"), JobError, "the calibration of ibm_fez cannot be fetched: no route"),
    ],
)
def test_a_device_of_an_account_that_cannot_be_reached(
    failure: Exception, kind: type[QlabError], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Service:
        def backend(self, name: str) -> None:
            raise failure

    monkeypatch.setattr(ibm, "QiskitRuntimeService", Service)
    noise = DeviceNoise(device="ibm_fez")  # names alone are checked without an account
    with pytest.raises(kind, match=complaint) as caught:
        noise.insert(CIRCUIT)
    assert str(caught.value).endswith("; fake_fez needs no account")


def test_a_device_of_an_account_is_used_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Service:
        def backend(self, name: str) -> Any:
            asked.append(name)
            return stored_devices()["fake_manila"]()

    monkeypatch.setattr(ibm, "QiskitRuntimeService", Service)
    device_named.cache_clear()
    try:
        noise = DeviceNoise(device="ibm_somewhere")
        assert noise.insert(CIRCUIT).insertions == DeviceNoise(device="fake_manila").insert(CIRCUIT).insertions
        noise.insert(CIRCUIT)
        assert asked == ["ibm_somewhere"]
    finally:
        device_named.cache_clear()
