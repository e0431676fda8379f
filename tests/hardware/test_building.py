"""Programs measure what the circuit as written has: whatever the device, the layout, the routing and the folding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qiskit.providers import BackendV2
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap
from qiskit_aer import AerSimulator

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.circuits.observables import pauli_words
from qlab.engine import expectations
from qlab.engine.sampling.settings import settings
from qlab.errors import CapabilityError, OptionError
from qlab.hardware.building import DeviceCircuit, build
from qlab.hardware.readings import raw
from qlab.hardware.simulation import ideal
from qlab.noise.ibm import device_named
from tests.circuits.random_circuits import Case, random_case
from tests.hardware.exact import distribution, sampled, word_values

VOCABULARY = tuple(name for name in GATES if name != "AmplitudeEmbedding")
TOLERANCE = 1e-10


def generic(n_qubits: int, basis: list[str]) -> BackendV2:
    return GenericBackendV2(n_qubits, basis_gates=basis, coupling_map=CouplingMap.from_line(n_qubits), seed=4)


DEVICES = {
    "line of cx": lambda: generic(6, ["cx", "id", "rz", "sx", "x"]),
    "line of ecr": lambda: generic(6, ["ecr", "id", "rz", "sx", "x"]),
    "line of iswap": lambda: generic(6, ["iswap", "rz", "ry", "h"]),
    "line of crx": lambda: generic(6, ["crx", "rz", "rx", "ry"]),
    "fake_manila": lambda: device_named("fake_manila"),
    "aer": AerSimulator,
}


def measured_values(found: DeviceCircuit, case: Case, scale: int = 1) -> np.ndarray:
    """Return the values (B, K) from programs, one for each setting."""
    words = pauli_words(case.circuit.n_qubits, case.observables)
    angles = found.angles(case.inputs, case.weights)
    values = np.empty((len(case.inputs), len(words)))
    for setting in settings(words):
        program = found.program(angles, setting.letters, 1, scale)
        assert program.n_executions == len(case.inputs)
        values[:, setting.words] = word_values(distribution(program), [words[place] for place in setting.words])
    return values


def engine_values(case: Case) -> np.ndarray:
    words = pauli_words(case.circuit.n_qubits, case.observables)
    values: np.ndarray = expectations(
        case.circuit, case.inputs, case.weights, words, torch.complex128, method="torch"
    ).numpy()
    return values


@pytest.mark.parametrize("device", DEVICES)
def test_programs_of_random_circuits_measure_their_values(device: str) -> None:
    """The whole vocabulary, words in all bases, products of inputs, repeated weights, layouts that permute."""
    rng, on = np.random.default_rng(len(device)), DEVICES[device]()
    for n_qubits in (1, 2, 3, 4, 5):
        case = random_case(rng, n_qubits, max_gates=12, names=VOCABULARY)
        found = build(case.circuit, on, 3)
        expected = engine_values(case)
        np.testing.assert_allclose(measured_values(found, case), expected, atol=TOLERANCE)
        np.testing.assert_allclose(ideal(found, case.inputs, case.weights, case.observables), expected, atol=TOLERANCE)


@pytest.mark.parametrize("device", ["line of cx", "line of ecr", "line of iswap", "line of crx", "aer"])
def test_folded_programs_measure_the_same(device: str) -> None:
    rng, on = np.random.default_rng(20), DEVICES[device]()
    for _ in range(2):
        case = random_case(rng, 3, max_gates=8, names=VOCABULARY)
        values = measured_values(build(case.circuit, on, 1), case, scale=3)
        np.testing.assert_allclose(values, engine_values(case), atol=TOLERANCE)


@pytest.mark.parametrize("n_qubits", [6, 7, 8])
def test_up_to_eight_qubits_on_a_line_and_on_aer(n_qubits: int) -> None:
    circuit = variational(n_qubits, 1, "angle", "ring")
    rng = np.random.default_rng(n_qubits)
    inputs, weights = torch.tensor(rng.normal(size=(2, n_qubits))), torch.tensor(rng.normal(size=circuit.n_weights))
    case = Case(circuit, [f"Z{n_qubits - 1}", "X0 Y1", "Z0 Z2", "Y3"], inputs, weights)
    for device in (generic(n_qubits, ["cz", "id", "rz", "sx", "x"]), AerSimulator()):
        np.testing.assert_allclose(
            measured_values(build(circuit, device, 5), case), engine_values(case), atol=TOLERANCE
        )


def test_what_large_devices_execute_has_the_same_values() -> None:
    circuit = variational(8, 6, "angle", "ring")
    rng = np.random.default_rng(0)
    inputs, weights = torch.tensor(rng.normal(size=(3, 8))), torch.tensor(rng.normal(size=circuit.n_weights))
    for name in ("fake_torino", "fake_brisbane"):
        found = build(circuit, device_named(name), 7)
        expected = engine_values(Case(circuit, None, inputs, weights))
        np.testing.assert_allclose(ideal(found, inputs, weights), expected, atol=TOLERANCE)


def test_a_simulator_is_given_gates_where_it_would_execute_matrices() -> None:
    rng, simulator = np.random.default_rng(0), AerSimulator()
    for seed in range(20):
        case = random_case(rng, int(rng.integers(2, 6)), max_gates=20, names=VOCABULARY)
        found = build(case.circuit, simulator, seed)
        values = ideal(found, case.inputs, case.weights, case.observables)
        np.testing.assert_allclose(values, engine_values(case), atol=TOLERANCE)
        assert "unitary" not in found.transpiled.executed.count_ops()


def test_a_permutation_that_is_renamed_is_followed() -> None:
    turns = [("RX", qubit, Weight(qubit)) for qubit in range(4)]
    circuit = Circuit(4, [*turns, ("SWAP", (0, 2)), ("SWAP", (1, 3)), ("CNOT", (0, 1)), ("SWAP", (0, 1))])
    case = Case(
        circuit, ["Z0", "Z1", "Z2", "Z3", "Z0 X3"], torch.zeros(1, 0), torch.tensor([0.3, 0.8, 1.4, -1.0]).double()
    )
    for device in (AerSimulator(), device_named("fake_manila"), generic(4, ["cx", "id", "rz", "sx", "x"])):
        np.testing.assert_allclose(
            measured_values(build(circuit, device, 0), case), engine_values(case), atol=TOLERANCE
        )


def test_angles_are_in_the_order_that_qiskit_sorts_parameters_in() -> None:
    """Of twelve inputs the tenth to the twelfth would come second to fourth by their names."""
    circuit = Circuit(2, [("RY", q % 2, Input(11 - q, scale=0.5)) for q in range(12)] + [("RX", 0, Input(0, 11))])
    inputs = torch.arange(12, dtype=torch.float64)[None] / 7
    case = Case(circuit, None, inputs, torch.zeros(0))
    for device in (AerSimulator(), generic(2, ["cx", "id", "rz", "sx", "x"])):
        np.testing.assert_allclose(
            measured_values(build(circuit, device, 0), case), engine_values(case), atol=TOLERANCE
        )


def test_qiskits_sampler_gives_the_values() -> None:
    """Bits of BitArray as they are: ten qubits fill two bytes, and each has a value of its own."""
    circuit = Circuit(10, [("RY", qubit, Input(qubit)) for qubit in range(10)] + [("CNOT", (8, 9)), ("RX", 3, 0.4)])
    inputs = torch.tensor(np.random.default_rng(4).uniform(0.2, 2.9, (3, 10)))
    words = pauli_words(10, [*(f"Z{qubit}" for qubit in range(10)), "X8 Z9", "Z1 Z7 Z8", "Y3"])
    expected = expectations(circuit, inputs, torch.zeros(0), words, torch.complex128, method="torch").numpy()
    simulator = AerSimulator()
    found = build(circuit, simulator, 0)
    angles = found.angles(inputs, torch.zeros(0))
    chosen = settings(words)
    programs = [found.program(angles, setting.letters, 20_000) for setting in chosen]
    for setting, program, counts in zip(chosen, programs, sampled(programs, simulator, 11), strict=True):
        assert counts.shape == program.counts_shape == (3, 20_000, 2)
        values = raw(counts, [words[place] for place in setting.words])
        assert np.abs(values.deviations(expected[:, setting.words])).max() < 5
        assert values.standard_errors.max() <= 1.01 / np.sqrt(20_000)


def test_one_choice_of_qubits_serves_all_programs() -> None:
    """Letters, calibration and folding measure the same qubits of the device into the same bits."""
    found = build(variational(3, 1, "angle", "ring"), device_named("fake_torino"), 2)
    angles = found.angles(torch.zeros(4, 3), torch.zeros(found.circuit.n_weights))
    programs = [
        found.program(angles, (), 10),
        found.program(angles, ((0, "X"), (2, "Y")), 10),
        found.program(angles, (), 10, scale=3),
        found.preparation([1, 0, 1], 10),
    ]
    for program in programs:
        circuit = program.circuit
        reads = [instruction for instruction in circuit.data if instruction.operation.name == "measure"]
        assert [circuit.find_bit(read.clbits[0]).index for read in reads] == [0, 1, 2]
        assert tuple(circuit.find_bit(read.qubits[0]).index for read in reads) == found.measured
        for instruction in circuit.data:
            qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
            assert instruction.operation.name == "barrier" or found.device.target.instruction_supported(
                instruction.operation.name, qubits
            )
    assert programs[3].values.shape == (1, 0)


def test_preparations_are_what_is_read() -> None:
    found = build(variational(3, 1, "angle", "ring"), generic(5, ["cx", "id", "rz", "sx", "x"]), 2)
    for outcome in range(8):
        pattern = [outcome >> qubit & 1 for qubit in range(3)]
        probabilities = distribution(found.preparation(pattern, 1))
        assert probabilities[0, outcome] == pytest.approx(1)


@pytest.mark.parametrize("device", ["fake_torino", "fake_brisbane", "fake_boeblingen"])
def test_folding_multiplies_what_takes_time(device: str) -> None:
    """Pulses and gates on two qubits three and five times over; RZ, which takes none, may be more."""
    found = build(variational(4, 2, "angle", "ring"), device_named(device), 2)
    angles = found.angles(torch.zeros(1, 4), torch.zeros(found.circuit.n_weights))
    once = found.program(angles, (), 1).circuit.count_ops()
    for scale in (3, 5):
        counts = found.program(angles, (), 1, scale).circuit.count_ops()
        assert counts["barrier"] == scale  # one before the measurement
        for name in set(once) - {"rz", "u1", "u2", "u3", "measure", "barrier"}:
            assert counts[name] == scale * once[name]
        pulsed = [sum(each.get(name, 0) for name in ("u2", "u3", "sx", "x")) for each in (once, counts)]
        assert pulsed[1] == scale * pulsed[0]


def test_resources_before_and_after_routing() -> None:
    found = build(variational(8, 6, "angle", "ring"), device_named("fake_torino"), 7)
    assert (found.written.n_qubits, found.written.two_qubit_gates) == (8, 48)
    assert found.executed.n_qubits == 12
    assert found.executed.two_qubit_gates > 96
    assert len(set(found.measured)) == 8
    assert build(found.circuit, found.device, 7).transpiled is found.transpiled


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(CapabilityError, match="fake_manila has 5 qubits, but the circuit has 6"):
        build(variational(6, 1, "angle", "ring"), device_named("fake_manila"), 0)
    found = build(variational(2, 1, "angle", "ring"), device_named("fake_manila"), 0)
    angles = found.angles(torch.zeros(1, 2), torch.zeros(found.circuit.n_weights))
    for scale in (0, 2, -1):
        with pytest.raises(OptionError, match=f"by 1, 3, 5, ..., not by {scale}"):
            found.program(angles, (), 1, scale)
