"""Shots of qlab's own simulator: those that Aer draws with its model of the device, of whole programs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_aer.noise import ReadoutError

from qlab.circuits import Circuit, Input, variational
from qlab.circuits.observables import pauli_words
from qlab.engine import density
from qlab.hardware import shots
from qlab.hardware.building import build
from qlab.hardware.mitigation.readout import confusion, patterns
from qlab.hardware.readings import check_counts, raw
from qlab.hardware.shots import given, simulated, with_noise
from qlab.hardware.simulation import noisy
from qlab.noise.device import calibration_of
from qlab.noise.ibm import device_named
from tests.hardware.exact import sampled

CIRCUIT = variational(3, 1, "angle", "ring")
RNG = np.random.default_rng(2)
INPUTS, WEIGHTS = torch.tensor(RNG.normal(size=(4, 3))), torch.tensor(RNG.normal(size=CIRCUIT.n_weights))
WORDS = pauli_words(3, ["Z0", "Z1", "Z2", "Z0 Z1", "Z0 Z1 Z2"])
LIMITS = {"density": 12, "trajectories": 0}


@pytest.mark.parametrize("states", LIMITS)
@pytest.mark.parametrize("scale", [1, 3])
def test_shots_have_the_exact_means(states: str, scale: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shots, "_DENSITY_TO", LIMITS[states])
    device = device_named("fake_manila")
    found = build(CIRCUIT, device, 1)
    program = found.program(found.angles(INPUTS, WEIGHTS), (), 4000, scale)
    inserted = with_noise(program, device)
    assert inserted.circuit.n_weights > 0
    exact = density.expectations(inserted, *given(program, inserted.circuit), WORDS, torch.complex128).numpy()
    counts = simulated(program, device, 5)
    check_counts(counts, 3)
    assert np.abs(raw(counts, WORDS).deviations(exact)).max() < 5
    np.testing.assert_array_equal(counts, simulated(program, device, 5))


def test_the_noise_is_that_of_the_circuit_before_it_was_a_program() -> None:
    device = device_named("fake_manila")
    found = build(CIRCUIT, device, 1)
    program = found.program(found.angles(INPUTS, WEIGHTS), (), 1)
    ours, before = with_noise(program, device), noisy(found)
    assert before is not None
    assert dict(ours.insertions) == dict(before.insertions)
    values = density.expectations(ours, *given(program, ours.circuit), WORDS)
    torch.testing.assert_close(values, density.expectations(before, INPUTS, WEIGHTS, WORDS), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore")
def test_aer_counts_the_same() -> None:
    """Letters, folding and all, on Aer's own model of the gates of the device; it takes readout errors as symmetric."""
    device = device_named("fake_lagos")
    found = build(CIRCUIT, device, 1)
    angles = found.angles(INPUTS, WEIGHTS)
    programs = [found.program(angles, ((0, "X"), (1, "Y")), 4000), found.program(angles, (), 4000, 3)]
    noise, calibration = AerNoise.from_backend(device, readout_error=False), calibration_of(device)
    for qubit in found.measured:
        noise.add_readout_error(ReadoutError(calibration.confusion(qubit).T), [qubit])
    simulator = AerSimulator.from_backend(device, noise_model=noise)
    for program, counts in zip(programs, sampled(programs, simulator, 3), strict=True):
        aer, ours = raw(counts, WORDS), raw(simulated(program, device, 7), WORDS)
        together = np.hypot(aer.standard_errors, ours.standard_errors)
        assert np.abs((aer.values - ours.values) / together).max() < 5


def test_readout_error_is_that_of_the_calibration() -> None:
    device = device_named("fake_torino")
    found = build(CIRCUIT, device, 1)
    prepared = patterns(3)
    programs = [found.preparation(pattern.tolist(), 200_000) for pattern in prepared]
    known = confusion(prepared, [simulated(program, device, place) for place, program in enumerate(programs)])
    calibrated = np.array([calibration_of(device).confusion(qubit) for qubit in found.measured])
    wrong = np.stack([calibrated[:, 1, 0], calibrated[:, 0, 1]], axis=1)
    assert np.abs((known.rates[:, 0] - wrong[:, 0]) / np.sqrt(known.variances[:, 0])).max() < 5
    assert (known.rates[:, 1] - wrong[:, 1] < 0.002).all()  # the X that prepares 1 has errors, too
    assert (known.rates[:, 1] - wrong[:, 1] > -5 * np.sqrt(known.variances[:, 1])).all()


def test_more_than_eight_bits() -> None:
    device = device_named("fake_brisbane")
    circuit = Circuit(9, [("RY", qubit, Input(qubit)) for qubit in range(9)])
    found = build(circuit, device, 1)
    inputs = torch.tensor(np.random.default_rng(1).uniform(0.3, 2.8, (2, 9)))
    counts = simulated(found.program(found.angles(inputs, torch.zeros(0)), (), 4000), device, 1)
    check_counts(counts, 9)
    inserted = noisy(found)
    assert inserted is not None
    exact = density.expectations(inserted, inputs.float(), torch.zeros(0)).numpy()
    assert np.abs(raw(counts, pauli_words(9, None)).deviations(exact)).max() < 5


@pytest.mark.parametrize("states", LIMITS)
def test_bits_of_qubits_that_are_not_measured_stay_0_and_the_others_are_the_same(
    states: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shots, "_DENSITY_TO", LIMITS[states])
    device = device_named("fake_manila")
    found = build(CIRCUIT, device, 1)
    program = found.program(found.angles(INPUTS, WEIGHTS), (), 4000, read=[2])
    inserted = with_noise(found.program(found.angles(INPUTS, WEIGHTS), (), 1), device)
    (word,) = pauli_words(3, ["Z2"])
    exact = density.expectations(inserted, *given(program, inserted.circuit), [word], torch.complex128).numpy()
    counts = simulated(program, device, 5)
    assert counts.max() == 4
    assert np.abs(raw(counts, [word]).deviations(exact)).max() < 5
