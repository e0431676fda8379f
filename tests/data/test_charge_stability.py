"""The generator's physics against brute force over charge states and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qlab.data.charge_stability import DotEnergies, double_dot_charge, sensor_signal, single_dot_charge

Array = NDArray[np.float64]
COLD = 1e-4


def hamiltonian(n1: Array, n2: Array, a1: Array, a2: Array, energies: DotEnergies) -> Array:
    own = (n1 - a1) ** 2 / 2 + energies.charging_2 * (n2 - a2) ** 2 / 2
    return np.asarray(own + energies.mutual * (n1 - a1) * (n2 - a2))


def random_energies(seed: int, tunnel: float) -> DotEnergies:
    rng = np.random.default_rng(seed)
    charging_2 = rng.uniform(0.8, 1.25)
    return DotEnergies(charging_2, rng.uniform(0, 0.7) * np.sqrt(charging_2), tunnel, rng.uniform(0.01, 0.05))


def window(seed: int, side: float = 6.0) -> tuple[Array, Array]:
    """Induced charges that reach from empty dots to several electrons on each."""
    a1, a2 = np.random.default_rng(seed).uniform(-side, side, (2, 400))
    return a1, a2


@pytest.mark.parametrize("seed", range(8))
def test_without_tunnelling_the_charges_are_the_boltzmann_means_over_all_states(seed: int) -> None:
    energies = random_energies(seed, tunnel=0.0)
    a1, a2 = window(seed)
    n1, n2 = np.meshgrid(np.arange(16.0), np.arange(16.0), indexing="ij")
    levels = hamiltonian(n1[..., None], n2[..., None], a1, a2, energies)
    weights = np.exp((levels.min(axis=(0, 1)) - levels) / energies.thermal)
    weights /= weights.sum(axis=(0, 1))
    found_1, found_2 = double_dot_charge(a1, a2, energies)
    np.testing.assert_allclose(found_1, (weights * n1[..., None]).sum(axis=(0, 1)), atol=1e-6)
    np.testing.assert_allclose(found_2, (weights * n2[..., None]).sum(axis=(0, 1)), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_cold_charges_are_the_state_of_lowest_energy(seed: int) -> None:
    drawn = random_energies(seed, tunnel=0.0)
    energies = DotEnergies(drawn.charging_2, drawn.mutual, 0.0, thermal=1e-6)
    a1, a2 = np.meshgrid(np.linspace(-0.4, 3.3, 50), np.linspace(-0.7, 3.1, 50))
    n1, n2 = np.divmod(np.arange(100.0), 10)
    best = hamiltonian(n1[:, None, None], n2[:, None, None], a1, a2, energies).argmin(axis=0)
    found_1, found_2 = double_dot_charge(a1, a2, energies)
    agree = (np.abs(found_1 - n1[best]) < 1e-3) & (np.abs(found_2 - n2[best]) < 1e-3)
    assert agree.mean() >= 0.998


def two_level_means(a1: float, a2: float, energies: DotEnergies) -> tuple[float, float]:
    """An independent reading of the model: diagonalise the two lowest states of every total charge."""
    levels: list[tuple[float, float, float]] = []
    for total in range(12):
        n1 = np.arange(total + 1.0)
        energy = hamiltonian(n1, total - n1, np.asarray(a1), np.asarray(a2), energies)
        order = np.argsort(energy)
        pair = np.sort(order[:2])
        matrix = np.diag(energy[pair]) + (energies.tunnel * (1 - np.eye(2)) if len(pair) == 2 else 0)
        values, vectors = np.linalg.eigh(matrix)
        levels += [(values[k], float(vectors[:, k] ** 2 @ n1[pair]), total) for k in range(len(pair))]
        levels += [(energy[k], n1[k], total) for k in order[2:]]
    energy, charge_1, charge = np.array(levels).T
    weights = np.exp((energy.min() - energy) / energies.thermal)
    weights /= weights.sum()
    return float(weights @ charge_1), float(weights @ (charge - charge_1))


@pytest.mark.parametrize("seed", range(4))
def test_tunnelling_mixes_the_two_lowest_states_of_each_total_charge(seed: int) -> None:
    energies = random_energies(seed, tunnel=0.06)
    a1, a2 = (a[:100] for a in window(seed, side=3.5))
    expected = np.array([two_level_means(x, y, energies) for x, y in zip(a1, a2, strict=True)]).T
    np.testing.assert_allclose(double_dot_charge(a1, a2, energies), expected, atol=1e-5)


def test_an_electron_moves_across_the_anticrossing_as_in_a_two_level_system() -> None:
    mutual, tunnel = 0.3, 0.05
    detuning = np.linspace(-0.3, 0.3, 41)
    n1, n2 = double_dot_charge(0.5 + detuning / 2, 0.5 - detuning / 2, DotEnergies(1.0, mutual, tunnel, COLD))
    half_gap = (1 - mutual) * detuning / 2
    np.testing.assert_allclose(n1, (1 + half_gap / np.hypot(half_gap, tunnel)) / 2, atol=1e-9)
    np.testing.assert_allclose(n1 + n2, 1, atol=1e-9)


@pytest.mark.parametrize("tunnel", [0.0, 0.05])
def test_triple_points_lie_where_the_couplings_put_them(tunnel: float) -> None:
    mutual = 0.3
    first = (0.5 - tunnel) / (1 + mutual)
    second = (0.5 + mutual + tunnel) / (1 + mutual)
    energies = DotEnergies(1.0, mutual, tunnel, COLD)
    for place, total in ((first, 0.5), (second, 1.5)):
        diagonal = place + np.array([-0.01, 0.0, 0.01])
        n1, n2 = double_dot_charge(diagonal, diagonal, energies)
        np.testing.assert_allclose((n1 + n2)[[0, 2]], [total - 0.5, total + 0.5], atol=1e-6)


def test_equal_dots_can_be_exchanged() -> None:
    a1, a2 = window(3)
    energies = DotEnergies(1.0, 0.4, 0.03, 0.02)
    n1, n2 = double_dot_charge(a1, a2, energies)
    swapped_2, swapped_1 = double_dot_charge(a2, a1, energies)
    np.testing.assert_allclose([n1, n2], [swapped_1, swapped_2], atol=1e-9)


def test_a_single_dot_fills_one_electron_at_a_time() -> None:
    a = np.linspace(-3, 8, 200)
    np.testing.assert_allclose(single_dot_charge(a, COLD), np.maximum(np.round(a), 0), atol=1e-9)


def test_a_warm_step_has_the_width_of_the_temperature() -> None:
    distance = np.linspace(-0.1, 0.1, 21)
    expected = 2 + 1 / (1 + np.exp(-distance / 0.02))
    np.testing.assert_allclose(single_dot_charge(2.5 + distance, 0.02), expected, atol=1e-9)


def test_the_sensor_answers_with_a_peak_of_the_given_width() -> None:
    expected = [1, 4 / (np.e + 1 / np.e) ** 2, 4 / (np.e**2 + np.e**-2) ** 2]
    np.testing.assert_allclose(sensor_signal(np.array([0.0, 0.4, -0.8]), 0.4), expected)
