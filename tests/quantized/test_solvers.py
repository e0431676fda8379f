from __future__ import annotations

import sys

import dimod
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qlab.engine.states import final_states
from qlab.errors import CapabilityError, OptionError
from qlab.quantized.solvers.base import coefficients
from qlab.quantized.solvers.exact import Exact
from qlab.quantized.solvers.imperfect import Imperfect
from qlab.quantized.solvers.qaoa import Qaoa, qaoa_circuit
from qlab.quantized.solvers.table import SOLVERS
from tests.quantized.networks import model, xor


def drawn(n: int, seed: int) -> dimod.BinaryQuadraticModel:
    generator = np.random.default_rng(seed)
    quadratic = {(j, i): generator.normal() for i in range(n) for j in range(i)}
    return dimod.BinaryQuadraticModel(dict(enumerate(generator.normal(size=n))), quadratic, 0.7, "BINARY")


@given(st.integers(1, 9), st.integers(0, 1000), st.integers(1, 600))
@hypothesis_settings(deadline=None, max_examples=40)
def test_exact_finds_the_lowest_energies(n: int, seed: int, reads: int) -> None:
    asked = drawn(n, seed)
    found = Exact().solve(asked, reads, np.random.default_rng(seed))
    expected = np.sort(dimod.ExactSolver().sample(asked).record.energy)[:reads]
    assert found.energies == pytest.approx(expected)
    assert asked.energies((found.bits, range(n))) == pytest.approx(found.energies)


def test_exact_goes_through_blocks_of_many_bits() -> None:
    """A chain of 18 bits that pays for differences: the two constant strings, here with a field, are best."""
    asked = dimod.BinaryQuadraticModel(dict.fromkeys(range(18), 0.9), {(i, i + 1): -2.0 for i in range(17)}, "BINARY")
    for i in range(17):
        asked.add_linear(i, 1.0)
        asked.add_linear(i + 1, 1.0)
    found = Exact().solve(asked, 3, np.random.default_rng(0))
    assert found.bits[0].sum() == 0
    assert found.energies[:2] == pytest.approx([0, 1.9])  # a single bit at an end


def test_which_of_equals_exact_returns_is_a_matter_of_chance() -> None:
    asked = dimod.BinaryQuadraticModel({0: 0.0, 1: 0.0, 2: 1.0}, {}, "BINARY")
    first = {tuple(Exact().solve(asked, 1, np.random.default_rng(seed)).bits[0]) for seed in range(40)}
    assert first == {(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)}


@pytest.mark.parametrize("name", ["simulated_annealing", "tabu", "path_integral", "qaoa"])
def test_heuristics_find_the_optimum_of_a_small_model(name: str) -> None:
    asked = drawn(6, 5)
    best = Exact().solve(asked, 1, np.random.default_rng(0)).energies[0]
    found = SOLVERS[name]().solve(asked, 20, np.random.default_rng(1))
    again = SOLVERS[name]().solve(asked, 20, np.random.default_rng(1))
    assert found.bits.shape == (20, 6)
    assert found.energies[0] == pytest.approx(best)
    assert (np.diff(found.energies) >= 0).all()
    assert asked.energies((found.bits, range(6))) == pytest.approx(found.energies)
    assert np.array_equal(found.bits, again.bits)


def test_exact_and_qaoa_refuse_what_is_too_large() -> None:
    asked = model(xor()).bqm(1.0)
    with pytest.raises(CapabilityError, match="at most 24 bits, not 41"):
        Exact().solve(asked, 1, np.random.default_rng(0))
    with pytest.raises(CapabilityError, match="at most 16 bits, one qubit each, not 41"):
        Qaoa().solve(asked, 1, np.random.default_rng(0))


def test_hardware_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dwave.system", None)
    with pytest.raises(CapabilityError, match=r"pip install 'qlab\[dwave\]'"):
        SOLVERS["dwave"]().solve(drawn(3, 0), 1, np.random.default_rng(0))


def test_the_circuit_of_qaoa_is_its_definition() -> None:
    n, layers, scale = 3, 2, 0.4
    asked, angles = drawn(n, 3), np.array([0.3, -0.8, 1.1, 0.25])
    strings = (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(np.uint8)
    energies = np.asarray(asked.energies((strings, range(n))))
    flip = np.array([[0, 1], [1, 0]])
    mixer = sum(np.kron(np.kron(np.eye(2**q), flip), np.eye(2 ** (n - 1 - q))) for q in range(n))
    psi = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    for cost, mixing in angles.reshape(layers, 2):
        psi = expm(-1j * mixing * mixer) @ (np.exp(-1j * cost * scale * energies) * psi)
    circuit = qaoa_circuit(asked, layers, scale)
    found = final_states(circuit, torch.zeros(1, 0, dtype=torch.float64), torch.from_numpy(angles))[0].numpy()
    assert abs(np.vdot(found, psi)) == pytest.approx(1, abs=1e-10)


def test_qaoa_is_better_than_chance() -> None:
    asked = drawn(6, 11)
    energies = Qaoa().solve(asked, 400, np.random.default_rng(0)).energies
    every = dimod.ExactSolver().sample(asked).record.energy
    assert energies.mean() < every.mean() - 5 * every.std() / 400**0.5


@pytest.mark.parametrize("bits", [2, 3, 6])
def test_coefficients_of_few_bits_lie_on_their_grid(bits: int) -> None:
    asked = drawn(7, 2)
    values = _values(asked)
    rounded = _values(Imperfect(Exact(), coefficient_bits=bits).distorted(asked, np.random.default_rng(0)))
    step = abs(values).max() / (2 ** (bits - 1) - 1)
    assert rounded / step == pytest.approx(np.rint(rounded / step), abs=1e-9)
    assert abs(rounded - values).max() <= step / 2 + 1e-12
    assert len(np.unique(np.rint(rounded / step))) <= 2**bits - 1


def test_noise_of_coefficients_has_its_size_and_spares_zeros() -> None:
    asked = dimod.BinaryQuadraticModel(dict.fromkeys(range(60), 0.0), {}, "BINARY")
    for i in range(59):
        asked.add_quadratic(i, i + 1, 2.0)
    draws = np.random.default_rng(1)
    noise = [_values(Imperfect(Exact(), coefficient_noise=0.1).distorted(asked, draws)) for _ in range(30)]
    couplings = np.array([row[row != 0] for row in noise]) - 2.0
    assert couplings.shape == (30, 59)
    n = couplings.size
    assert abs(couplings.mean()) < 5 * 0.2 / n**0.5
    assert abs(couplings.std() - 0.2) < 5 * 0.2 / (2 * n) ** 0.5


def test_noise_of_energies_misleads_but_strings_are_those_found() -> None:
    asked = drawn(6, 4)
    plain = Exact().solve(asked, 64, np.random.default_rng(0))
    noisy = Imperfect(Exact(), energy_noise=0.5).solve(asked, 64, np.random.default_rng(0))
    true = np.asarray(asked.energies((noisy.bits, range(6))))
    errors = noisy.energies - true
    assert sorted(map(tuple, noisy.bits)) == sorted(map(tuple, plain.bits))
    assert abs(errors.mean()) < 5 * 0.5 / 8
    assert abs(errors.std() - 0.5) < 5 * 0.5 / 128**0.5
    silent = Imperfect(Exact()).solve(asked, 64, np.random.default_rng(0))
    assert silent.energies == pytest.approx(plain.energies)


def test_impossible_imperfections_are_refused() -> None:
    with pytest.raises(OptionError, match="at least 2 bits"):
        Imperfect(Exact(), coefficient_bits=1)
    with pytest.raises(OptionError, match=">= 0"):
        Imperfect(Exact(), energy_noise=-1)


def _values(asked: dimod.BinaryQuadraticModel) -> np.ndarray:
    linear, quadratic = coefficients(asked)
    return np.concatenate([linear, quadratic[np.triu_indices(len(linear), 1)]])
