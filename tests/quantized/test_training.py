from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlab.errors import CapabilityError, OptionError
from qlab.quantized.copositive import decomposed_qcgd
from qlab.quantized.hedging import grouped, hedge
from qlab.quantized.lifted import Lifted
from qlab.quantized.network import Encoding, QuantizedNetwork
from qlab.quantized.oracles import BySearch, BySolver, Enumerated
from qlab.quantized.penalty import fixed_penalty
from qlab.quantized.problem import Outcome, Problem, time_to_solution
from qlab.quantized.qcgd import Schedule, qcgd
from qlab.quantized.search import coordinate_descent, random_search
from qlab.quantized.solvers.annealing import SimulatedAnnealing
from qlab.quantized.solvers.exact import Exact
from qlab.quantized.spline import Floats
from qlab.quantized.straight_through import _bits, _drawn, _forward, _ranges, straight_through
from qlab.quantized.symmetry import fixed_bits
from tests.quantized.networks import ACTIVATIONS, LOSSES, model, xor

XOR = xor()
SINGLES = [np.array([sample]) for sample in range(4)]


def test_residual_and_objective_of_the_mixture_are_those_of_its_atoms() -> None:
    together = model(XOR)
    lifted, generator = Lifted(together), np.random.default_rng(0)
    for t in range(1, 9):
        lifted.move(generator.integers(0, 2, together.n_bits, dtype=np.uint8), Schedule.step(t))
    assert lifted.weights == pytest.approx([2 * k / (8 * 9) for k in range(1, 9)])
    assert lifted.residual == pytest.approx(lifted.weights @ together.violations(lifted.atoms))
    assert lifted.objective == pytest.approx(lifted.weights @ together.energies(lifted.atoms))


def test_rounding_takes_the_leading_eigenvector_of_the_whole_matrix() -> None:
    together = model(XOR)
    lifted, generator = Lifted(together), np.random.default_rng(2)
    for t in range(1, 6):
        lifted.move(generator.integers(0, 2, together.n_bits, dtype=np.uint8), Schedule.step(t))
    w = np.concatenate([np.ones((5, 1)), lifted.atoms], axis=1)
    whole = (w.T * lifted.weights) @ w
    leading = np.linalg.eigh(whole)[1][:, -1]
    assert np.array_equal(lifted.rounded(), leading[1:10] / leading[0] > 0.5)


@pytest.mark.parametrize("dual", [True, False])
def test_the_residual_falls_and_xor_is_learned(dual: bool) -> None:
    """With a hot oracle the trace falls from about 15 over 1.1 after 10 calls to .3 after 60."""
    together, hot = model(XOR), SimulatedAnnealing(hottest=2.0, coldest=0.02)
    runs = [qcgd(XOR, together, hot, np.random.default_rng(seed), schedule=Schedule(1.0, dual)) for seed in range(3)]
    first, tenth, last = (np.median([run.steps[place].residual for run in runs]) for place in (0, 9, 59))
    assert first > 5
    assert 0.5 < tenth < 2
    assert 0.1 < last < 0.6
    assert sum(run.loss == 0 for run in runs) >= 2
    assert {run.model_bits for run in runs} == {41}


def test_a_cold_oracle_satisfies_more() -> None:
    together = model(XOR)
    last = {
        coldest: qcgd(XOR, together, SimulatedAnnealing(coldest=coldest), np.random.default_rng(0)).steps[-1].residual
        for coldest in (0.02, 1e-4)
    }
    assert last[1e-4] < 0.6 * last[0.02]


def test_the_eigenvector_mode_evaluates_one_setting_only() -> None:
    run = qcgd(XOR, model(XOR), SimulatedAnnealing(), np.random.default_rng(0), calls=10, eigenvector=True)
    assert [math.isinf(step.best_loss) for step in run.steps] == [True] * 9 + [False]
    assert run.loss == XOR.losses(run.bits[None]).sum()


def test_decomposed_gradients_agree_on_the_weights() -> None:
    problem = Problem(XOR.network, XOR.inputs, XOR.targets, fixed_bits(XOR.network))
    models = [model(problem.samples(group)) for group in SINGLES]
    run = decomposed_qcgd(problem, models, Exact(), np.random.default_rng(0), steps=15)
    assert run.steps[-1].residual < 0.2 * run.steps[0].residual
    assert run.steps[-1].calls == 60
    assert run.model_bits == 7 + 6
    assert run.loss == 0


def test_hedging_reaches_consensus_with_an_exact_oracle() -> None:
    """Without errors from every start, after about 23 rounds; below the loss of one error rho only sets the scale."""
    oracle = Enumerated(XOR, SINGLES)
    rounds = []
    for rho in (0.05, 0.2, 0.5):
        runs = [hedge(XOR, 4, oracle, np.random.default_rng(seed), rho=rho, rounds=300) for seed in range(20)]
        assert all(run.consensus and run.loss == 0 and run.steps[-1].objective == 0 for run in runs)
        rounds.append([len(run.steps) for run in runs])
    assert 15 < np.mean(rounds[0]) < 40
    assert rounds[0] == rounds[1] == rounds[2]


def test_a_large_rho_agrees_on_wrong_weights_now_and_then() -> None:
    oracle = Enumerated(XOR, SINGLES)
    runs = [hedge(XOR, 4, oracle, np.random.default_rng(seed), rho=1.0, rounds=300) for seed in range(100)]
    assert all(run.consensus for run in runs)
    assert 75 < sum(run.loss == 0 for run in runs) < 100


def test_noise_breaks_the_consensus_where_rho_is_small() -> None:
    oracle = Enumerated(XOR, SINGLES, noise=0.2)
    counts = {
        rho: sum(
            bool(hedge(XOR, 4, oracle, np.random.default_rng(seed), rho=rho, rounds=150).consensus)
            for seed in range(12)
        )
        for rho in (0.05, 1.0)
    }
    assert counts[0.05] == 0
    assert 2 <= counts[1.0] <= 10


@pytest.mark.parametrize("size", [1, 3])
def test_prices_always_sum_to_zero(size: int) -> None:
    seen: list[Floats] = []
    groups = grouped(4, size, np.random.default_rng(0))
    oracle = Enumerated(XOR, groups, noise=0.3)
    hedge(XOR, len(groups), oracle, np.random.default_rng(1), rho=0.7, rounds=30, watch=seen.append)
    assert len(seen) > 2
    assert max(abs(prices.sum(axis=0)).max() for prices in seen) < 1e-12
    assert max(abs(prices).max() for prices in seen) > 0.1


def test_groups_hold_every_sample_once() -> None:
    groups = grouped(10, 4, np.random.default_rng(0))
    assert [len(group) for group in groups] == [4, 4, 2]
    assert sorted(np.concatenate(groups)) == list(range(10))


@pytest.mark.parametrize("activation", ["sign", "tanh"])
def test_an_exact_solver_of_the_model_is_as_good_as_enumeration(activation: str) -> None:
    problem = xor(ACTIVATIONS[activation])
    problem = Problem(problem.network, problem.inputs, problem.targets, fixed_bits(problem.network))
    oracles = (Enumerated(problem, SINGLES), BySolver.of(problem, SINGLES, Exact(), 1, 20.0))
    generator = np.random.default_rng(0)
    for group in range(4):
        prices = 0.4 * generator.standard_normal(len(problem.free))
        lowest = []
        for oracle in oracles:
            bits = oracle.solve(group, prices, generator)[None]
            lowest.append(problem.losses(bits)[0, group] + bits[0] @ prices)
        assert lowest[0] == pytest.approx(lowest[1])


def test_hedging_by_annealing_and_by_search_learns_xor() -> None:
    by_annealing = BySolver.of(XOR, SINGLES, SimulatedAnnealing(), 24, 0.3)
    by_search = BySearch(XOR, SINGLES, starts=8)
    for oracle in (by_annealing, by_search):
        runs = [hedge(XOR, 4, oracle, np.random.default_rng(seed), rounds=40) for seed in range(2)]
        assert min(run.loss for run in runs) == 0
    assert by_annealing.model_bits == 17


def test_all_settings_of_a_large_network_are_refused() -> None:
    network = QuantizedNetwork((16, 2, 1), ACTIVATIONS["sign"], LOSSES["error"])
    problem = Problem(network, np.ones((1, 16), dtype=np.int64), np.ones((1, 1), dtype=np.int64))
    with pytest.raises(CapabilityError, match="37 weight bits"):
        Enumerated(problem, SINGLES[:1])


def test_the_tuned_penalty_spends_its_calls_as_said() -> None:
    run = fixed_penalty(XOR, model(XOR), SimulatedAnnealing(), np.random.default_rng(0), calls=24)
    assert run.steps[-1].calls == 24
    assert run.loss == 0
    with pytest.raises(OptionError, match="4 calls cannot tune"):
        fixed_penalty(XOR, model(XOR), SimulatedAnnealing(), np.random.default_rng(0), calls=4)


def test_descents_and_chance_find_what_their_shares_say() -> None:
    """16 of 512 settings have no error."""
    hits = sum(random_search(XOR, np.random.default_rng(seed), calls=20).loss == 0 for seed in range(150))
    expected = 1 - (1 - 16 / 512) ** 20
    assert abs(hits / 150 - expected) < 5 * (expected * (1 - expected) / 150) ** 0.5
    assert coordinate_descent(XOR, np.random.default_rng(0), starts=40).loss == 0


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("n_bits", [1, 2])
def test_straight_through_goes_forward_exactly(activation: str, n_bits: int) -> None:
    encoding = Encoding.symmetric(n_bits)
    network = QuantizedNetwork((3, 4, 2), ACTIVATIONS[activation], LOSSES["error"], encoding, encoding)
    inputs = np.random.default_rng(0).choice([-1, 1], (6, 3))
    ranges = _ranges(Problem(network, inputs, np.ones((6, 2), dtype=np.int64)))
    flat = [_drawn(low, high, torch.Generator().manual_seed(3)) for low, high in ranges]
    parameters = list(zip(flat[::2], flat[1::2], strict=True))
    digits = network.layers[-1].digits
    scale = 2 / max(-digits.firsts[0], digits.lasts[-1])
    expected = network.outputs(_bits(network, parameters)[None], inputs)[0] * scale
    assert _forward(network, parameters, torch.from_numpy(inputs).double()).numpy() == pytest.approx(expected)


def test_straight_through_learns_the_majority() -> None:
    inputs = np.random.default_rng(1).choice([-1, 1], (60, 7))
    targets = np.where(inputs.sum(axis=1, keepdims=True) > 0, 1, -1)
    network = QuantizedNetwork((7, 2, 1), ACTIVATIONS["sign"], LOSSES["error"])
    fixed = fixed_bits(network)
    run = straight_through(Problem(network, inputs, targets, fixed), np.random.default_rng(0), epochs=40)
    assert run.loss <= 3
    assert len(run.bits) == network.n_bits - len(fixed)
    with pytest.raises(OptionError, match="sign of a weight only, not bit 18"):
        straight_through(Problem(network, inputs, targets, {18: 0}), np.random.default_rng(0))


def test_time_to_solution() -> None:
    assert time_to_solution(2.0, 1, 2) == pytest.approx(2 * math.log(0.01) / math.log(0.5))
    assert time_to_solution(2.0, 0, 20) == math.inf
    assert time_to_solution(2.0, 20, 20) == 2.0
    with pytest.raises(OptionError, match="3 successes of 2"):
        time_to_solution(1.0, 3, 2)


def test_calls_to_a_loss() -> None:
    run: Outcome = random_search(XOR, np.random.default_rng(0), calls=200)
    at = run.calls_to(0)
    assert at is not None
    assert run.steps[at - 1].best_loss == 0
    assert at == 1 or run.steps[at - 2].best_loss > 0
    assert run.calls_to(-1) is None
