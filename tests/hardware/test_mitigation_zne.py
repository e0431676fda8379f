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
from qlab.hardware.readings import Measured, raw
from qlab.hardware.simulation import ideal
from tests.hardware.exact import sampled, without_measurement, word_values

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
