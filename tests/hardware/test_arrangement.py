"""From programs to values and back: readout error, noise of gates, and which counts are which."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator

from qlab.circuits import variational
from qlab.circuits.observables import pauli_words
from qlab.engine import density, expectations
from qlab.errors import CorruptFileError, OptionError
from qlab.hardware.arrangement import Arrangement, made_worse
from qlab.hardware.building import build
from qlab.hardware.mitigation.readout import patterns
from qlab.hardware.readings import Measured
from qlab.hardware.simulation import ideal, noisy
from qlab.noise.ibm import device_named
from tests.hardware.exact import distribution, drawn, sampled

CIRCUIT = variational(3, 2, "angle", "ring")
RNG = np.random.default_rng(12)
INPUTS, WEIGHTS = torch.tensor(RNG.normal(size=(6, 3))), torch.tensor(RNG.normal(size=CIRCUIT.n_weights))
WORDS = pauli_words(3, ["X0", "Z0", "Z1 Z2", "Y1", "Z2", "X0 X2"])
NONE = patterns(3)[:0]


def test_readout_error_is_undone_and_values_come_in_the_order_of_the_words() -> None:
    found = build(CIRCUIT, GenericBackendV2(4, seed=2), 3)
    arranged = Arrangement(3, WORDS, (1, 3), patterns(3))
    programs = arranged.programs(found, INPUTS, WEIGHTS, 4000, 20_000)
    assert arranged.parts == ("calibration",) * 2 + ("scale 1",) * 3 + ("scale 3",) * 3
    assert [program.n_executions for program in programs] == [1, 1, 6, 6, 6, 6, 6, 6]
    assert [program.shots for program in programs] == [20_000] * 2 + [4000] * 6
    rng, rates = np.random.default_rng(1), [(0.03, 0.08), (0.1, 0.02), (0.05, 0.05)]
    counts = [drawn(distribution(program), program.shots, rng, rates) for program in programs]
    values = arranged.read(counts)
    assert list(values) == ["device", "readout", "zne_linear", "zne_richardson"]
    exact = expectations(CIRCUIT, INPUTS, WEIGHTS, WORDS, torch.complex128, method="torch").numpy()
    for name in ("readout", "zne_linear", "zne_richardson"):
        assert np.abs(values[name].deviations(exact)).max() < 5
    assert np.abs(values["device"].deviations(exact)).max() > 5
    assert values["readout"].rms_error(exact) < 0.5 * values["device"].rms_error(exact)


def test_without_noise_aer_agrees_with_the_engine() -> None:
    circuit = variational(8, 6, "angle", "ring")
    rng, simulator = np.random.default_rng(2), AerSimulator()
    inputs, weights = torch.tensor(rng.normal(size=(20, 8))), torch.tensor(rng.normal(size=circuit.n_weights))
    found, arranged = build(circuit, simulator, 0), Arrangement(8, pauli_words(8, None), (1,), patterns(8)[:0])
    programs = arranged.programs(found, inputs, weights, 1000, 0)
    assert len(programs) == 1
    values = arranged.read(sampled(programs, simulator, 4))
    assert list(values) == ["device"]
    exact = expectations(circuit, inputs, weights, None, torch.complex128, method="torch").numpy()
    assert np.abs(values["device"].deviations(exact)).max() < 5
    assert noisy(found) is None


@pytest.mark.filterwarnings("ignore")
def test_a_device_of_aer_agrees_with_the_simulated_noise() -> None:
    """Aer's own model of the device, sampled: the expected values are those of qlab's density matrices."""
    device = device_named("fake_manila")
    found = build(CIRCUIT, device, 3)
    arranged = Arrangement(3, WORDS, (1,), patterns(3))
    programs = arranged.programs(found, INPUTS, WEIGHTS, 4000, 50_000)
    values = arranged.read(sampled(programs, AerSimulator.from_backend(device), 8))
    inserted = noisy(found)
    assert inserted is not None
    expected = density.expectations(inserted, INPUTS, WEIGHTS, WORDS, torch.complex128).numpy()
    z_words = [place for place, word in enumerate(WORDS) if all(letter == "Z" for _, letter in word.factors)]
    assert np.abs(values["device"].deviations(expected)[:, z_words]).max() < 5  # other letters are turned with noise
    np.testing.assert_allclose(values["device"].values, expected, atol=0.1)
    exact = ideal(found, INPUTS, WEIGHTS, WORDS)
    assert values["readout"].rms_error(exact) < 0.7 * values["device"].rms_error(exact)


def test_what_mitigation_makes_worse_is_said() -> None:
    ideal_values = np.zeros((2, 3))
    off = {"device": 0.1, "readout": 0.05, "zne_linear": 0.1, "zne_richardson": 0.3}
    values = {name: Measured(np.full((2, 3), value), np.ones((2, 3))) for name, value in off.items()}
    assert made_worse(values, ideal_values) == ["zne_richardson"]


def test_counts_of_other_programs_are_refused() -> None:
    arranged = Arrangement(3, pauli_words(3, None), (1,), NONE)
    with pytest.raises(CorruptFileError, match="counts of 2 programs, not of 1"):
        arranged.read([np.zeros((1, 5, 1), np.uint8)] * 2)
    with pytest.raises(CorruptFileError, match="counts of 3 qubits have bits beyond them"):
        arranged.read([np.full((1, 5, 1), 8, np.uint8)])


@pytest.mark.parametrize("scales", [(), (3,), (3, 1), (1, 3, 3)])
def test_wrong_scales_are_refused(scales: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="scales"):
        Arrangement(3, WORDS, scales, NONE)
