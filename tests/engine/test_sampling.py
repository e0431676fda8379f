"""Shots: outcomes with the right distribution, the same for the same seed, and estimates with right errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, variational
from qlab.engine import density
from qlab.engine.sampling import sample
from qlab.engine.sampling.outcomes import draw, means, read, standard_errors
from qlab.engine.sampling.settings import masks, settings, turned
from qlab.engine.sampling.shots import States
from qlab.engine.trajectories import estimate
from qlab.errors import OptionError
from qlab.noise import NoisyCircuit, Readout, models
from tests.engine.noisy_cases import MODELS, WORDS, NoisyCase, case_of, layers, lego, random_noisy, z_scores
from tests.noise.reference import random_readout

DOUBLE = torch.complex128


@pytest.fixture(params=["density", "trajectories"])
def states(request: pytest.FixtureRequest) -> States:
    chosen: States = request.param
    return chosen


def test_outcomes_are_as_frequent_as_their_probabilities() -> None:
    rng = np.random.default_rng(0)
    probabilities = np.array([0.0, 0.5, 0.0, 0.2, 0.3, 0.0])
    found = np.bincount(draw(3 * probabilities, rng.random(100_000)), minlength=6) / 100_000
    assert (np.abs(found - probabilities) <= 5 * np.sqrt(probabilities * (1 - probabilities) / 100_000)).all()
    assert draw(probabilities, np.array([0.0, 1 - 1e-16])).tolist() == [1, 4]  # never what cannot be


def test_flipped_bits_have_the_distribution_that_the_matrices_give() -> None:
    rng = np.random.default_rng(2)
    readout, bits = random_readout(rng, 3), {0: 2, 1: 1, 2: 0}
    probabilities = rng.dirichlet(np.ones(8))
    expected = np.kron(readout.of(0), np.kron(readout.of(1), readout.of(2))) @ probabilities
    outcomes = read(draw(probabilities, rng.random(200_000)), readout, bits, rng)
    found = np.bincount(outcomes, minlength=8) / 200_000
    assert (np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / 200_000)).all()


def test_means_of_outcomes_and_of_counts() -> None:
    outcomes = np.array([0b00, 0b01, 0b01, 0b11])
    np.testing.assert_allclose(means(outcomes, None, [0b01, 0b10, 0b11]), [-0.5, 0.5, 0.0])
    distinct, counts = np.unique(outcomes, return_counts=True)
    np.testing.assert_allclose(means(distinct, counts, [0b01, 0b10, 0b11]), [-0.5, 0.5, 0.0])
    np.testing.assert_allclose(standard_errors(np.array([0.0, 1.0]), 65), [1 / 8, 1 / 65])
    assert standard_errors(np.array([1.0]), 1).tolist() == [1.0]


def test_words_that_agree_are_measured_together() -> None:
    circuit = NoisyCircuit(Circuit(3, [("Hadamard", 0)]), ((),))
    words = circuit.words(["Z0", "X0", "Z0 Z1", "Y2", "X0 Z1", "X1", "Z2"])
    found = [(setting.letters, setting.words) for setting in settings(words)]
    assert found == [
        (((0, "Z"), (1, "Z"), (2, "Y")), (0, 2, 3)),
        (((0, "X"), (1, "Z"), (2, "Z")), (1, 4, 6)),
        (((1, "X"),), (5,)),
    ]
    assert masks(words, {0: 2, 1: 1, 2: 0}) == [4, 4, 6, 1, 6, 2, 1]
    assert len(settings(circuit.words())) == 1


def test_behind_the_turn_letters_are_z() -> None:
    case = layers("amplitude_damping")
    words = case.noisy.words(["X0 Y1 Z2"])
    setting = settings(words)[0]
    behind = turned(case.noisy, setting.letters)
    ours = density.expectations(behind, case.inputs, case.weights, ["Z0 Z1 Z2"], DOUBLE)
    theirs = density.expectations(case.noisy, case.inputs, case.weights, ["X0 Y1 Z2"], DOUBLE)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert turned(case.noisy, ((0, "Z"),)) is case.noisy


@pytest.mark.parametrize("name", ["lego", "amplitude_damping", "composed"])
def test_estimates_and_their_standard_errors_are_right(name: str, states: States) -> None:
    case = layers(name)
    found = sample(case.noisy, case.samples(200), case.weights, WORDS, DOUBLE, shots=150, states=states, seed=3)
    scores = z_scores(case, found.values, found.standard_errors)
    assert scores.abs().max() < 5
    assert ((scores.std(0) > 0.8) & (scores.std(0) < 1.2)).all()
    assert scores.mean(0).abs().max() < 5 / 200**0.5


@pytest.mark.parametrize("pauli", [True, False])
def test_random_circuits_with_random_channels(pauli: bool, states: States) -> None:
    rng = np.random.default_rng([9, pauli])
    for _ in range(6):
        case = random_noisy(rng, pauli)
        found = sample(case.noisy, case.inputs, case.weights, case.words, DOUBLE, shots=4000, states=states, seed=1)
        assert z_scores(case, found.values, found.standard_errors).abs().max() < 5


def test_without_noise_shots_come_from_the_ideal_state() -> None:
    circuit = variational(3, 2, "angle", "ring")
    noisy = NoisyCircuit(circuit, ((),) * len(circuit.gates))
    case = case_of(noisy, WORDS, np.random.default_rng(0))
    found = sample(noisy, case.samples(200), case.weights, WORDS, shots=150, states="trajectories", seed=3)
    scores = z_scores(case, found.values, found.standard_errors)
    assert scores.abs().max() < 5
    assert ((scores.std(0) > 0.8) & (scores.std(0) < 1.2)).all()
    assert found.trajectories.tolist() == [0] * 200
    assert found.settings == len(settings(noisy.words(WORDS)))


def test_shots_with_errors_cost_a_state_each() -> None:
    case = layers("depolarizing")
    found = sample(case.noisy, case.samples(50), case.weights, ["Z0"], shots=400, states="trajectories", seed=0)
    eventful = 1 - float(_noiseless(case))
    expected, spread = 400 * eventful, np.sqrt(400 * eventful * (1 - eventful))
    assert abs(found.trajectories.double().mean() - expected) < 5 * spread / np.sqrt(50)


def _noiseless(case: NoisyCase) -> torch.Tensor:
    return estimate(case.noisy, case.inputs, case.weights, ["Z0"], trajectories=2, seed=0).noiseless


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
def test_a_sample_does_not_depend_on_its_batch(name: str, states: States) -> None:
    case = layers(name)
    inputs = torch.linspace(-1, 2, 18, dtype=torch.float64).view(6, 3)

    def found(part: slice, seed: int = 3) -> torch.Tensor:
        return sample(
            case.noisy, inputs[part], case.weights, WORDS, DOUBLE, shots=1500, states=states, seed=seed,
            samples=part.start,
        ).values  # fmt: skip

    everything = found(slice(0, 6))
    for part in (slice(2, 4), slice(0, 1), slice(3, 6)):
        torch.testing.assert_close(found(part), everything[part], rtol=0, atol=0)
    assert not torch.equal(found(slice(0, 6), 4), everything)
    same = sample(case.noisy, inputs[:1].expand(9, -1), case.weights, WORDS, shots=99, states=states, seed=0)
    assert len(same.values[:, 0].unique()) > 1


def test_many_qubits_and_few_shots() -> None:
    circuit = lego(14, 2)
    noisy = models.lego(p=0.002, dephasing=0.001, flip=0.02, gates=None).insert(circuit)
    inputs, weights = torch.full((2, 14), 0.4), torch.linspace(-1, 1, circuit.n_weights)
    found = sample(noisy, inputs, weights, shots=1, states="trajectories", seed=0)
    assert set(found.values.flatten().tolist()) == {-1.0, 1.0}
    assert (found.standard_errors == 1).all()


def test_amplitudes_and_moved_qubits(states: States) -> None:
    circuit = variational(3, 1, "amplitude", "ring")
    rng = np.random.default_rng(1)
    inputs, weights = torch.tensor(rng.normal(size=(1, 8))), torch.tensor(rng.normal(size=circuit.n_weights))
    inserted = MODELS["depolarizing"]().insert(circuit)
    noisy = NoisyCircuit(circuit, inserted.channels, random_readout(rng, 3), qubit_of=(2, 0))
    exact = density.expectations(noisy, inputs, weights, ["Z0", "X1", "Z0 Z1"], DOUBLE)
    found = sample(noisy, inputs, weights, ["Z0", "X1", "Z0 Z1"], DOUBLE, shots=5000, states=states, seed=0)
    assert ((found.values - exact) / found.standard_errors).abs().max() < 5


def test_certain_outcomes_are_certain(states: States) -> None:
    circuit = Circuit(2, [("RY", 0, Input(0)), ("CNOT", (0, 1))])
    noisy = NoisyCircuit(circuit, ((), ()), Readout(np.array([[[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])))
    found = sample(noisy, torch.tensor([[np.pi]]), torch.zeros(0), shots=50, states=states, seed=0)
    assert found.values.tolist() == [[1.0, -1.0]]  # the first qubit is always read as 0
    torch.testing.assert_close(found.standard_errors, torch.full((1, 2), 1 / 50))


def test_no_shots_are_refused() -> None:
    case = layers("lego")
    with pytest.raises(OptionError, match="shots=0 measure nothing"):
        sample(case.noisy, case.inputs, case.weights, shots=0, states="density", seed=0)


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
def test_what_is_no_number_stays_none(name: str, states: States) -> None:
    case = layers(name)
    inputs, weights = case.samples(3).clone(), case.weights.clone()
    expected = sample(case.noisy, inputs, weights, WORDS, shots=40, states=states, seed=0)
    inputs[1, 0] = torch.nan
    found = sample(case.noisy, inputs, weights, WORDS, shots=40, states=states, seed=0)
    assert found.values[1].isnan().all()
    assert found.standard_errors[1].isnan().all()
    torch.testing.assert_close(found.values[[0, 2]], expected.values[[0, 2]], rtol=0, atol=0)
    weights[-1] = torch.nan
    assert sample(case.noisy, inputs, weights, WORDS, shots=40, states=states, seed=0).values.isnan().all()


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
def test_an_empty_batch_has_no_values(name: str, states: States) -> None:
    case = layers(name)
    found = sample(case.noisy, torch.zeros(0, 3), case.weights, WORDS, shots=5, states=states, seed=0)
    assert found.values.shape == found.standard_errors.shape == (0, 4)
    assert found.trajectories.shape == (0,)
