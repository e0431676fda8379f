"""Extrapolation to no noise: exact where the noise is what the fit assumes, nearer to the ideal where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qlab.circuits import Circuit, variational
from qlab.circuits.observables import pauli_words
from qlab.errors import OptionError
from qlab.hardware.building import DeviceCircuit, build
from qlab.hardware.mitigation.extrapolation import Fit, amplification, coefficients, extrapolated
from qlab.hardware.mitigation.readout import confusion, inverted, patterns
from qlab.hardware.readings import Measured, raw
from qlab.hardware.simulation import ideal
from tests.hardware.exact import drawn, sampled, without_measurement, word_values

SCALES = (1, 3, 5)
FITS: tuple[Fit, ...] = ("linear", "richardson")


def line(n_qubits: int) -> Any:
    basis = ["cx", "id", "rz", "sx", "x"]
    return GenericBackendV2(n_qubits, basis_gates=basis, coupling_map=CouplingMap.from_line(n_qubits), seed=4)


def noise_of(p: float) -> NoiseModel:
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(p, 2), ["cx"])
    return noise


def noisy_values(found: DeviceCircuit, angles: np.ndarray, p: float, scale: int) -> Measured:
    """Return exact values of density matrices, with standard errors of 0.01."""
    program = found.program(angles, (), 1, scale)
    circuit, measured = without_measurement(program)
    circuit.save_probabilities(measured)
    simulator = AerSimulator(method="density_matrix", noise_model=noise_of(p))
    rows = [simulator.run(circuit.assign_parameters(row)).result().data()["probabilities"] for row in program.values]
    values = word_values(np.array(rows), pauli_words(found.circuit.n_qubits, None))
    return Measured(values, np.full(values.shape, 0.01))


def test_coefficients_are_the_known_ones() -> None:
    np.testing.assert_allclose(coefficients(SCALES, "richardson"), [15 / 8, -10 / 8, 3 / 8])
    np.testing.assert_allclose(coefficients(SCALES, "linear"), [13 / 12, 4 / 12, -5 / 12])
    np.testing.assert_allclose(coefficients((1, 3), "linear"), coefficients((1, 3), "richardson"))
    assert amplification(SCALES, "linear") == pytest.approx(np.sqrt(13**2 + 4**2 + 5**2) / 12)
    assert amplification(SCALES, "richardson") == pytest.approx(np.sqrt(15**2 + 10**2 + 3**2) / 8)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True), st.lists(st.floats(-1, 1), min_size=4))
def test_fits_are_exact_on_their_polynomials(halves: list[int], polynomial: list[float]) -> None:
    scales = [2 * half + 1 for half in halves]
    for fit, degree in (("linear", 1), ("richardson", len(scales) - 1)):
        kept = np.array(polynomial[: degree + 1])
        values = [np.polynomial.polynomial.polyval(scale, kept).reshape(1, 1) for scale in scales]
        measured = [Measured(value, np.full((1, 1), 0.1)) for value in values]
        found = extrapolated(measured, scales, fit)  # type: ignore[arg-type]
        largest = np.abs(coefficients(scales, fit)).max() * max(np.abs(values).max(), 1)  # type: ignore[arg-type]
        assert found.values.item() == pytest.approx(kept[0], abs=1e-12 * largest)
        assert found.standard_errors.item() == pytest.approx(0.1 * amplification(scales, fit))  # type: ignore[arg-type]


@pytest.mark.parametrize("scales", [(1,), (1, 3, 3), ()])
def test_too_few_scales_are_refused(scales: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="two or more different scales"):
        coefficients(scales, "linear")


def test_depolarizing_noise_grows_as_the_gates_do() -> None:
    """On two qubits it commutes with all gates: m of them leave (1 - p)^(m scale) of every value."""
    circuit = Circuit(2, [("RY", 0, 0.4), ("CNOT", (0, 1)), ("RY", 0, 0.9), ("RX", 1, 0.3), ("CNOT", (1, 0))])
    found = build(circuit, line(2), 0)
    angles = found.angles(torch.zeros(1, 0), torch.zeros(0))
    gates, p = found.executed.two_qubit_gates, 0.03
    exact = ideal(found, torch.zeros(1, 0), torch.zeros(0))
    for scale in (1, 3, 5, 7):
        expected = exact * (1 - p) ** (gates * scale)
        np.testing.assert_allclose(noisy_values(found, angles, p, scale).values, expected, atol=1e-10)


def test_extrapolation_approaches_the_ideal() -> None:
    circuit = variational(4, 2, "angle", "ring")
    rng = np.random.default_rng(3)
    inputs, weights = torch.tensor(rng.normal(size=(4, 4))), torch.tensor(rng.normal(size=circuit.n_weights))
    found = build(circuit, line(4), 1)
    exact = ideal(found, inputs, weights)
    measured = [noisy_values(found, found.angles(inputs, weights), 0.004, scale) for scale in SCALES]
    at_once = measured[0].rms_error(exact)
    by_line, by_parabola = (extrapolated(measured, SCALES, fit).rms_error(exact) for fit in FITS)
    assert at_once > 0.01
    assert by_line < 0.5 * at_once
    assert by_parabola < 0.3 * by_line


def test_the_error_of_shots_is_the_spread_and_may_make_it_worse() -> None:
    """Hardly any noise and few shots: the extrapolated values are further off, by the amplification."""
    circuit = Circuit(2, [("RY", 0, 0.9), ("CNOT", (0, 1)), ("RX", 1, 0.5)])
    device = line(2)
    found, words, repetitions = build(circuit, device, 0), pauli_words(2, None), 400
    angles = np.repeat(found.angles(torch.zeros(1, 0), torch.zeros(0)), repetitions, axis=0)
    programs = [found.program(angles, (), 500, scale) for scale in SCALES]
    measured = [raw(counts, words) for counts in sampled(programs, AerSimulator(), 17)]
    exact = ideal(found, torch.zeros(1, 0), torch.zeros(0))
    for fit in FITS:
        values = extrapolated(measured, SCALES, fit)
        np.testing.assert_allclose(
            values.values.std(0) / values.standard_errors.mean(0), 1, atol=5 / np.sqrt(2 * repetitions)
        )
        assert np.abs(values.deviations(exact)).max() < 5
        assert values.rms_error(exact) > measured[0].rms_error(exact)


@pytest.mark.parametrize(("shots", "calibration_shots"), [(8000, 150), (500, 20_000)])
def test_what_the_scales_share_moves_them_together(shots: int, calibration_shots: int) -> None:
    """One calibration undoes the readout of all scales: the spread of 400 repetitions of both is what is said.

    The distributions are those of depolarizing noise, so that the expected extrapolation is known. Were the scales
    independent, one calibration of few shots would count 2.4 times for Richardson's fit, and 1.2 times for the line.
    """
    rng, repetitions, rates = np.random.default_rng(21), 400, [(0.05, 0.09), (0.02, 0.11), (0.04, 0.2)]
    words = pauli_words(3, ["Z0", "Z1 Z2", "Z0 Z1 Z2"])
    pure = np.array([[0.70, 0.05, 0.05, 0.0, 0.1, 0.0, 0.0, 0.1]])
    states = [0.95**scale * pure + (1 - 0.95**scale) / 8 for scale in SCALES]
    prepared = np.eye(8)[[0, 7], None]
    found: dict[Fit, list[Measured]] = {fit: [] for fit in FITS}
    for _ in range(repetitions):
        known = confusion(patterns(3), [drawn(state, calibration_shots, rng, rates) for state in prepared])
        undone = [inverted(drawn(state, shots, rng, rates), words, known) for state in states]
        for fit in FITS:
            found[fit].append(extrapolated(undone, SCALES, fit))
    for fit in FITS:
        values = np.array([one.values[0] for one in found[fit]])
        said = np.sqrt(np.mean([one.standard_errors[0] ** 2 for one in found[fit]], axis=0))
        expected = (coefficients(SCALES, fit)[:, None] * [word_values(state, words)[0] for state in states]).sum(0)
        np.testing.assert_allclose(values.std(0) / said, 1, atol=5 / np.sqrt(2 * repetitions))
        assert np.abs((values.mean(0) - expected) / (values.std(0) / np.sqrt(repetitions))).max() < 5


def test_chances_that_are_shared_are_summed_with_their_signs() -> None:
    """A chance that moves all scales alike moves the extrapolation as much; one of the shots is amplified."""
    measured = [Measured(np.zeros((1, 1)), np.full((1, 1), 0.5), np.full((1, 1, 1), 0.3)) for _ in SCALES]
    for fit in FITS:
        found = extrapolated(measured, SCALES, fit)
        assert found.shared.item() == pytest.approx(0.3)
        assert found.standard_errors.item() == pytest.approx(np.hypot(0.4 * amplification(SCALES, fit), 0.3))
