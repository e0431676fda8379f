from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
import torch
from scipy.integrate import quad

from qlab.circuits import Circuit, Weight, variational
from qlab.diagnostics.draws import states
from qlab.diagnostics.expressibility import (
    Binning,
    bin_edges,
    expressibility,
    fidelities,
    histogram,
    log_haar_probabilities,
)
from tests.diagnostics.random_states import haar_states

BINNINGS: tuple[Binning, ...] = ("haar", "width")


def uniform(seed: int, *shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.rand(*shape, dtype=torch.float64, generator=generator) - 1) * math.pi


@pytest.mark.parametrize("n_qubits", [1, 2, 4])
@pytest.mark.parametrize("binning", BINNINGS)
def test_probabilities_are_integrals_of_the_density(n_qubits: int, binning: Binning) -> None:
    edges, size = bin_edges(n_qubits, 20, binning), 2**n_qubits
    found = np.exp(log_haar_probabilities(n_qubits, edges))
    for low, high, probability in zip(edges[:-1], edges[1:], found, strict=True):
        integral, _ = quad(lambda f: (size - 1) * (1 - f) ** (size - 2), low, high)
        assert probability == pytest.approx(integral, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("n_qubits", [1, 6, 12, 20])
def test_bins_of_equal_probability(n_qubits: int) -> None:
    edges = bin_edges(n_qubits, 75, "haar")
    assert (edges[0], edges[-1]) == (0, 1)
    assert (np.diff(edges) > 0).all()
    np.testing.assert_allclose(log_haar_probabilities(n_qubits, edges), -math.log(75), rtol=1e-6)


@pytest.mark.parametrize("n_qubits", [1, 4, 12])
@pytest.mark.parametrize("binning", BINNINGS)
def test_a_circuit_that_makes_one_state(n_qubits: int, binning: Binning) -> None:
    """All fidelities are 1: ln 75 by bins of equal probability, (N - 1) ln 75 by bins of equal width."""
    found = expressibility(torch.ones(100), n_qubits, 75, binning, np.random.default_rng(0))
    times = 1 if binning == "haar" else 2**n_qubits - 1
    assert found.divergence == pytest.approx(times * math.log(75), rel=1e-9)
    assert found.standard_error == pytest.approx(0, abs=1e-9)
    assert found.counts == (*[0] * 74, 100)


@pytest.mark.parametrize("n_qubits", [1, 3, 6])
@pytest.mark.parametrize("binning", BINNINGS)
def test_haar_random_states_are_at_their_own_value(n_qubits: int, binning: Binning) -> None:
    pairs = haar_states(4000, n_qubits, seed=10 + n_qubits).chunk(2)
    found = expressibility(fidelities(*pairs), n_qubits, 75, binning, np.random.default_rng(1))
    assert abs(found.divergence - found.haar) < 5 * found.haar_deviation
    if binning == "haar":  # the divergence of equal counts is half a chi-squared over their number, to first order
        assert found.haar == pytest.approx(74 / (2 * 2000), rel=0.05)
        assert found.haar_deviation == pytest.approx(math.sqrt(2 * 74) / (2 * 2000), rel=0.15)


def test_one_rotation_of_one_qubit() -> None:
    """F = cos^2 of half the difference of two angles has the arcsine distribution; Haar's is uniform."""
    circuit, samples, bins = Circuit(1, [("RY", 0, Weight(0))]), 20_000, 20
    first, second = (states(circuit, torch.zeros(samples, 0), uniform(seed, samples, 1)) for seed in (0, 1))
    found = expressibility(fidelities(first, second), 1, bins, "width", np.random.default_rng(2))
    p = np.diff(2 / math.pi * np.arcsin(np.sqrt(np.linspace(0, 1, bins + 1))))
    exact = float((p * np.log(p * bins)).sum())
    assert exact > 0.15
    bias = (bins - 1) / (2 * samples)
    assert abs(found.divergence - exact - bias) < 5 * found.standard_error
    repeated = []
    for seed in range(200):
        drawn = np.random.default_rng([3, seed]).multinomial(samples, p) / samples
        repeated.append((drawn * np.log(drawn * bins)).sum())
    assert found.standard_error == pytest.approx(np.std(repeated, ddof=1), rel=0.25)


@pytest.mark.parametrize("encoding", ["angle", "amplitude"])
def test_fidelities_are_those_of_pennylane(encoding: str) -> None:
    circuit = variational(3, 2, encoding, "ring")
    inputs, weights = uniform(4, 40, circuit.n_inputs), uniform(5, 80, circuit.n_weights)
    mine = [states(circuit, inputs, half) for half in weights.chunk(2)]
    theirs = np.stack([_pennylane(circuit, x, w) for x, w in zip(inputs.repeat(2, 1), weights, strict=True)])
    expected = qml.math.fidelity_statevector(theirs[:40], theirs[40:])
    found = fidelities(*mine)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-10)
    edges = bin_edges(3, 10, "haar")
    assert histogram(found, edges).tolist() == np.histogram(expected, edges)[0].tolist()


def _pennylane(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> np.ndarray:
    tape = qml.tape.make_qscript(circuit.to_pennylane(["Z0"]))(inputs.numpy(), weights.numpy())
    (state,) = qml.execute([tape.copy(measurements=[qml.state()])], qml.device("default.qubit", wires=3))
    return np.asarray(state)


def test_a_fidelity_above_one_by_rounding_counts() -> None:
    assert histogram(torch.tensor([1 + 1e-15, 0.0], dtype=torch.float64), np.array([0, 0.5, 1])).tolist() == [1, 1]
