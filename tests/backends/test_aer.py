"""Aer: conformance, exact values under any noise, shots, and gradients by shifts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.backends.aer import AerBackend
from qlab.backends.conditions import Conditions
from qlab.backends.shift import ParameterShift
from qlab.circuits import Circuit, variational
from qlab.circuits.gates import GATES
from qlab.engine import density, expectations
from qlab.errors import CapabilityError
from qlab.noise import Located, NoiseModel, NoisyCircuit
from qlab.noise.channels import bit_flip
from qlab.testing.backends import check_backend
from tests.engine.noisy_cases import GATES_ALONE, LAYERS, MODELS, WORDS, case_of, layers, random_noisy, z_scores


@pytest.mark.parametrize("backend", [AerBackend(), AerBackend(method="statevector")])
def test_conformance(backend: AerBackend) -> None:
    check_backend(backend, 1e-10)


def test_single_precision() -> None:
    check_backend(AerBackend(precision="single"), 1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_random_circuits_with_random_channels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for pauli in (True, False):
        case = random_noisy(rng, pauli)
        found = AerBackend().estimate(case.noisy, case.inputs, case.weights, case.words, shots=None, seed=0)
        torch.testing.assert_close(found.values[0], case.exact, rtol=0, atol=1e-10)
        assert found.standard_errors is None


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str) -> None:
    case = layers(name)
    found = AerBackend().estimate(case.noisy, case.inputs, case.weights, WORDS, shots=None, seed=0)
    torch.testing.assert_close(found.values[0], case.exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["density_matrix", "statevector"])
def test_every_gate_is_executed(method: str) -> None:
    before = [("Rot", qubit, (0.4 + qubit, 1.1, -0.6)) for qubit in range(3)]
    specs = [GATES[name] for name in GATES_ALONE]
    gates = [(spec.name, range(spec.n_qubits or 0), [0.3 + k for k in range(spec.n_angles)]) for spec in specs]
    circuit = Circuit(3, [*before, *gates])
    backend = AerBackend(method=method)  # type: ignore[arg-type]
    found = backend.expectations(circuit, torch.zeros(1, 0), torch.zeros(0), WORDS)
    ideal = expectations(circuit, torch.zeros(1, 0), torch.zeros(0), WORDS, torch.complex128)
    torch.testing.assert_close(found, ideal, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["density_matrix", "statevector"])
@pytest.mark.parametrize("shots", [150, None])
def test_estimates_and_their_standard_errors_are_right(method: str, shots: int | None) -> None:
    case = layers("composed")
    backend = AerBackend(method=method, trajectories=100)  # type: ignore[arg-type]
    found = backend.estimate(case.noisy, case.samples(40), case.weights, WORDS, shots=shots, seed=3)
    if found.standard_errors is None:
        assert (method, shots) == ("density_matrix", None)
        return
    scores = z_scores(case, found.values, found.standard_errors)
    assert scores.abs().max() < 5
    assert 0.8 < scores.std() < 1.2


@pytest.mark.parametrize("shots", [50, None])
def test_a_sample_does_not_depend_on_its_batch(shots: int | None) -> None:
    case = layers("lego")
    inputs = torch.linspace(-1, 2, 12, dtype=torch.float64).view(4, 3)
    backend = AerBackend(method="statevector", trajectories=50)

    def found(part: slice, seed: int | tuple[int, ...] = 3) -> torch.Tensor:
        rows, first = inputs[part], part.start
        return backend.estimate(case.noisy, rows, case.weights, WORDS, shots=shots, seed=seed, samples=first).values

    everything = found(slice(0, 4))
    torch.testing.assert_close(found(slice(1, 3)), everything[1:3], rtol=0, atol=0)
    assert not torch.equal(found(slice(0, 4), (3, 1)), everything)
    same = backend.estimate(case.noisy, inputs[:1].expand(9, -1), case.weights, WORDS, shots=50, seed=0)
    assert len(same.values[:, 0].unique()) > 1


def test_amplitudes_can_be_embedded() -> None:
    circuit = variational(3, 1, "amplitude", "ring")
    rng = np.random.default_rng(1)
    inputs, weights = torch.tensor(rng.normal(size=(2, 8))), torch.tensor(rng.normal(size=circuit.n_weights))
    found = AerBackend(method="statevector").expectations(circuit, inputs, weights, WORDS)
    ideal = expectations(circuit, inputs, weights, WORDS, torch.complex128)
    torch.testing.assert_close(found, ideal, rtol=0, atol=1e-10)
    noisy = MODELS["lego"]().insert(circuit)
    exact = AerBackend().estimate(noisy, inputs, weights, WORDS, shots=None, seed=0).values
    sampled = AerBackend().estimate(noisy, inputs, weights, WORDS, shots=2000, seed=0)
    assert sampled.standard_errors is not None
    assert ((sampled.values - exact) / sampled.standard_errors).abs().max() < 5
    assert (exact - ideal).abs().max() > 0.01


def test_readout_is_that_of_the_qubits_that_are_measured() -> None:
    noisy = MODELS["composed"]().insert(LAYERS)
    moved = NoisyCircuit(noisy.circuit, noisy.channels, noisy.readout, qubit_of=(2, 0))
    straight = case_of(noisy, ["X2", "Z0"], np.random.default_rng(0))
    found = AerBackend().estimate(moved, straight.inputs, straight.weights, ["X0", "Z1"], shots=None, seed=0)
    torch.testing.assert_close(found.values[0], straight.exact, rtol=0, atol=1e-10)


def test_gradients_by_shifts_are_those_of_the_density_matrix() -> None:
    circuit = variational(2, 1, "angle", "ring")
    model: NoiseModel = MODELS["lego"]()
    rng = np.random.default_rng(0)
    inputs = torch.tensor(rng.normal(size=(2, 2)), requires_grad=True)
    weights = torch.tensor(rng.normal(size=circuit.n_weights), requires_grad=True)
    shifted = ParameterShift(Conditions("aer", AerBackend(), model, None, 0))
    found = torch.autograd.grad(shifted.expectations(circuit, inputs, weights).square().sum(), [inputs, weights])
    values = density.expectations(model.insert(circuit), inputs, weights, None, torch.complex128)
    expected = torch.autograd.grad(values.square().sum(), [inputs, weights])
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_an_empty_batch_has_no_values() -> None:
    assert AerBackend().expectations(LAYERS, torch.zeros(0, 3), torch.zeros(LAYERS.n_weights)).shape == (0, 3)


def test_too_little_memory_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CapabilityError, match=r"aer with method=density_matrix: one sample needs \d+ MiB of memory"):
        AerBackend().expectations(Circuit(20, [("Hadamard", q) for q in range(20)]), torch.zeros(1, 0), torch.zeros(0))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("method", ["density_matrix", "statevector"])
@pytest.mark.parametrize("shots", [50, None])
def test_what_is_no_number_stays_none(method: str, shots: int | None) -> None:
    case = layers("lego")
    backend = AerBackend(method=method, trajectories=10)  # type: ignore[arg-type]
    inputs, weights = case.samples(3).clone(), case.weights.clone()
    inputs[1, 0] = torch.nan
    found = backend.estimate(case.noisy, inputs, weights, ["Z0", "X1"], shots=shots, seed=0).values
    assert found.isnan().all(1).tolist() == [False, True, False]
    weights[0] = torch.nan
    assert backend.estimate(case.noisy, inputs, weights, ["Z0", "X1"], shots=shots, seed=0).values.isnan().all()


def test_states_that_were_drawn_are_counted() -> None:
    case = layers("lego")

    def counted(method: str, shots: int | None, noisy: NoisyCircuit = case.noisy) -> list[int] | None:
        backend = AerBackend(method=method, trajectories=12)  # type: ignore[arg-type]
        found = backend.estimate(noisy, case.samples(2), case.weights, ["Z0", "X0", "Z1"], shots=shots, seed=0)
        return None if found.trajectories is None else found.trajectories.tolist()

    assert counted("statevector", None) == [12, 12]
    assert counted("statevector", 30) == [60, 60]  # Z0 and Z1 are measured together
    assert counted("density_matrix", 30) is None
    assert counted("statevector", 30, NoisyCircuit(LAYERS, ((),) * len(LAYERS.gates))) is None


def test_rare_errors_of_a_value_near_zero() -> None:
    circuit = Circuit(1, [("Hadamard", 0), ("RZ", 0, 0.8), ("RZ", 0, np.pi / 2 - 0.8), ("Hadamard", 0)])
    noisy = NoisyCircuit(circuit, ((), (Located(bit_flip(0.01), (0,)),), (), ()))
    case = case_of(noisy, ["Z0"], np.random.default_rng(0))
    backend = AerBackend(method="statevector", trajectories=50)
    found = backend.estimate(noisy, case.samples(40), case.weights, ["Z0"], shots=None, seed=0)
    assert found.standard_errors is not None
    assert z_scores(case, found.values, found.standard_errors).abs().max() < 5  # three of five had no error at all
