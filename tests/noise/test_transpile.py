"""A transpiled circuit is the original one in the gates of the device: same values, same inputs and weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qiskit.circuit import ParameterVector
from qiskit.providers import BackendV2
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.circuits.observables import PauliWord
from qlab.engine import expectations
from qlab.errors import CapabilityError
from qlab.noise.ibm import device_named, stored_devices
from qlab.noise.transpile import TranspiledCircuit, angle_terms, transpile
from tests.circuits.random_circuits import Case, random_case

VOCABULARY = tuple(name for name in GATES if name != "AmplitudeEmbedding")
TOLERANCE = 1e-10


def generic(basis: list[str]) -> BackendV2:
    return GenericBackendV2(6, basis_gates=basis, coupling_map=CouplingMap.from_line(6), seed=4)


DEVICES = {
    "cz": lambda: device_named("fake_torino"),
    "ecr": lambda: device_named("fake_brisbane"),
    "u1 u2 u3": lambda: device_named("fake_boeblingen"),
    "rx rzz": lambda: device_named("fake_fractional"),
    "cx": lambda: generic(["cx", "id", "rz", "sx", "x"]),
    "iswap": lambda: generic(["iswap", "rz", "ry", "h"]),
    "rxx": lambda: generic(["rxx", "u"]),
    "crx": lambda: generic(["crx", "rz", "rx", "ry"]),
}


def check_equal(case: Case, found: TranspiledCircuit) -> None:
    words = [PauliWord.of(word) for word in case.observables or [f"Z{q}" for q in range(case.circuit.n_qubits)]]
    expected = expectations(case.circuit, case.inputs, case.weights, words, torch.complex128, method="torch")
    values = expectations(found.circuit, case.inputs, case.weights, words, torch.complex128, method="torch")
    np.testing.assert_allclose(values.numpy(), expected.numpy(), atol=TOLERANCE)


def check_executable(found: TranspiledCircuit, device: BackendV2) -> None:
    """Every gate is one of the device on qubits that it has that gate for."""
    ends = [end for end in found.completes if end is not None]
    assert all(qubits in device.target[name] for name, qubits in ends)
    assert len(set(found.physical)) == len(found.physical) == found.circuit.n_qubits
    for gate, end in zip(found.circuit.gates, found.completes, strict=True):
        assert end is None or tuple(found.physical[qubit] for qubit in gate.qubits) == end[1]


@pytest.mark.parametrize("device", DEVICES)
def test_random_circuits_keep_their_values(device: str) -> None:
    """The whole vocabulary, with products of inputs, repeated weights, constants and singular angles."""
    rng, on = np.random.default_rng(len(device)), DEVICES[device]()
    for seed in range(6):
        case = random_case(rng, int(rng.integers(1, 5)), max_gates=15, names=VOCABULARY)
        found = transpile(case.circuit, on, seed)
        check_equal(case, found)
        check_executable(found, on)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Properties of fake_nighthawk")
@pytest.mark.parametrize("name", sorted(stored_devices()))
def test_every_stored_device_executes_circuits(name: str) -> None:
    rng, device = np.random.default_rng(1), device_named(name)
    case = random_case(rng, min(4, device.num_qubits), max_gates=25, names=VOCABULARY)
    found = transpile(case.circuit, device, 0)
    check_equal(case, found)
    check_executable(found, device)


def test_a_gate_of_the_device_may_be_several_that_end_with_it() -> None:
    """A turn of Torino about X is one about Z by weight + pi between two SX: one gate there, two of ours."""
    found = transpile(Circuit(1, [("RX", 0, Weight(0))]), device_named("fake_torino"), 0)
    written = [(gate.name, *gate.angles) for gate in found.circuit.gates]
    place = written.index(("RZ", Weight(0)))
    assert written[place + 1] == ("RZ", np.pi)
    assert [end[0] if end else None for end in found.completes[place : place + 2]] == [None, "rz"]
    assert found.resources.depth == sum(end is not None for end in found.completes) == found.circuit.depth - 1


def test_a_sum_of_angles_is_taken_apart() -> None:
    x = ParameterVector("x", 4)
    slots = (Input(0), Weight(1), Input(0, 1, scale=2.0), Weight(1, 0.5))
    found = angle_terms(0.5 * x[0] - x[1] + x[2] + 2 * x[3] + 0.3, slots)
    assert found == [Input(0, scale=0.5), Weight(1, 0.0), Input(0, 1, scale=2.0), 0.3]
    assert angle_terms(x[0] + 2 * x[2], slots) == [Input(0), Input(0, 1, scale=4.0)]
    assert angle_terms(0.7, slots) == [0.7]
    assert angle_terms(2 * x[1] + 0.1, (Input(0), 0.3)) == [0.7]


@pytest.mark.parametrize("angle", [1e-7, 1e-6, 1e-5, np.pi / 2 + 1e-6, np.pi - 1e-7, 4 * np.pi + 1e-6, np.pi / 2])
def test_small_angles_are_not_rounded(angle: float) -> None:
    """An angle of 1e-6 is below what Qiskit takes for nothing, yet it moves a value by as much."""
    gates = [("RY", 0, np.pi / 2), ("RY", 0, angle), ("RX", 1, 0.4), ("CRX", (0, 1), angle), ("RY", 0, Weight(0))]
    case = Case(Circuit(2, gates), ["Z0", "Z1", "X0 Y1"], torch.zeros(1, 0), torch.tensor([1e-6]).double())
    for device in ("fake_torino", "fake_brisbane", "fake_boeblingen"):
        check_equal(case, transpile(case.circuit, device_named(device), 0))


def test_a_ring_of_eight_is_routed_and_a_chain_is_not() -> None:
    """On the heavy hexagons of Torino the shortest ring has twelve qubits."""
    device = device_named("fake_torino")
    for ansatz, physical, least in (("ring", 12, 96), ("chain", 8, 42)):
        circuit = variational(8, 6, "angle", ansatz)
        found = transpile(circuit, device, 7)
        assert found.circuit.n_qubits == len(found.physical) == found.resources.n_qubits == physical
        assert found.resources.two_qubit_gates >= least
        assert found.resources.two_qubit_gates == found.circuit.two_qubit_gates
        assert (found.circuit.n_inputs, found.circuit.n_weights) == (8, circuit.n_weights)
    assert found.resources.two_qubit_gates == 42


def test_a_permutation_of_qubits_is_followed() -> None:
    """The transpiler swaps nothing where it can rename: what is measured must be renamed with it."""
    turns = [("RX", qubit, Weight(qubit)) for qubit in range(4)]
    circuit = Circuit(4, [*turns, ("SWAP", (0, 2)), ("SWAP", (1, 3)), ("CNOT", (0, 1)), ("SWAP", (0, 1))])
    case = Case(
        circuit, ["Z0", "Z1", "Z2", "Z3", "Z0 X3"], torch.zeros(1, 0), torch.tensor([0.3, 0.8, 1.4, -1.0]).double()
    )
    for device in ("fake_torino", "fake_manila"):
        check_equal(case, transpile(circuit, device_named(device), 0))


def test_the_same_seed_gives_the_same_circuit() -> None:
    circuit, device = variational(8, 2, "angle", "ring"), device_named("fake_torino")
    first = transpile(circuit, device, 3)
    assert transpile(circuit, device, 3) is first
    transpile.cache_clear()
    again = transpile(circuit, device, 3)
    assert (again.circuit, again.physical, again.completes) == (first.circuit, first.physical, first.completes)


def test_qubits_without_gates_are_measured_too() -> None:
    case = Case(Circuit(3, [("RX", 2, 0.4)]), None, torch.zeros(1, 0), torch.zeros(0))
    found = transpile(case.circuit, device_named("fake_torino"), 0)
    assert found.circuit.n_qubits == 3
    check_equal(case, found)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(CapabilityError, match="fake_manila has 5 qubits, but the circuit has 6"):
        transpile(variational(6, 1, "angle", "ring"), device_named("fake_manila"), 0)
    with pytest.raises(CapabilityError, match="fake_manila executes gates, and an amplitude embedding is none"):
        transpile(variational(2, 1, "amplitude", "ring"), device_named("fake_manila"), 0)
    with pytest.raises(CapabilityError, match="executes rzx, which qlab does not know"):
        transpile(Circuit(2, [("CNOT", (0, 1)), ("CNOT", (1, 0))]), generic(["rzx", "u"]), 0)
    with pytest.raises(CapabilityError, match="the circuit does not fit generic_backend_6q"):
        transpile(Circuit(2, [("CNOT", (0, 1)), ("CNOT", (1, 0))]), generic(["u"]), 0)
