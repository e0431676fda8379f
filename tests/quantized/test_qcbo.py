from __future__ import annotations

import tracemalloc

import dimod
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qlab.errors import CapabilityError, DataError
from qlab.quantized.activation import error, sign
from qlab.quantized.counts import count
from qlab.quantized.network import Encoding, QuantizedNetwork, brute_force, settings
from qlab.quantized.problem import Problem
from qlab.quantized.qcbo import Qcbo, build
from qlab.quantized.solvers.base import coefficients
from qlab.quantized.solvers.exact import Exact
from qlab.quantized.spline import Floats
from qlab.quantized.symmetry import fixed_bits
from tests.quantized.networks import ACTIVATIONS, LOSSES, model, xor

CASES = [(activation, loss) for activation in ACTIVATIONS for loss in LOSSES]
WIDE = QuantizedNetwork((16, 2, 1), sign(), error())
MODELS = {case: model(xor(ACTIVATIONS[case[0]], LOSSES[case[1]], biases=2)) for case in CASES}


def test_the_xor_model_has_41_bits_and_20_constraints() -> None:
    problem = xor()
    together = model(problem)
    assert (together.n_bits, together.n_forms) == (41, 20)
    assert model(problem.samples(np.array([2]))).n_bits == 17
    assert model(xor(fixed=fixed_bits(problem.network))).n_bits == 39 - 4 * 2  # nor are their products needed


@pytest.mark.parametrize("case", CASES)
def test_the_objective_of_completed_settings_is_their_loss(case: tuple[str, str]) -> None:
    problem = xor(ACTIVATIONS[case[0]], LOSSES[case[1]])
    together = model(problem)
    bits = together.complete(np.concatenate(list(settings(together.n_weight_bits))))
    losses = brute_force(problem.network, problem.inputs, problem.targets).sum(axis=1)
    assert together.energies(bits) == pytest.approx(losses, abs=1e-9)
    assert abs(together.violations(bits)).max() == 0


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
@hypothesis_settings(max_examples=25)
def test_forms_are_zero_on_consistent_strings_only(case: tuple[str, str], data: st.DataObject) -> None:
    together = MODELS[case]
    weights = np.array([data.draw(st.lists(st.integers(0, 1), min_size=12, max_size=12))], dtype=np.uint8)
    right = together.complete(weights)
    flipped = data.draw(st.sets(st.integers(together.n_weight_bits, together.n_bits - 1), min_size=1, max_size=6))
    wrong = right.copy()
    wrong[:, sorted(flipped)] ^= 1
    assert (together.violations(right) == 0).all()
    assert (together.violations(wrong) >= 0).all()
    assert together.violations(wrong).max() >= 1 - 1e-9


@pytest.mark.parametrize("case", CASES)
def test_every_form_is_never_negative(case: tuple[str, str]) -> None:
    """Over all settings of its own bits, as the model of dimod's that it is."""
    together = MODELS[case]
    for index in range(0, together.n_forms, 3):
        form = together.form(index).polynomial
        used = [bit for bit in form.variables if form.linear[bit] or form.degree(bit)]
        form.remove_variables_from([bit for bit in form.variables if bit not in used])
        form.relabel_variables({bit: place for place, bit in enumerate(used)})
        if len(used) <= 20:
            lowest = Exact().solve(form, 1, np.random.default_rng(0)).energies[0]
            assert lowest == pytest.approx(0, abs=1e-9)


def _lowest(together: Qcbo) -> Floats:
    """The lowest energy (2^n_weight_bits,) of objective plus penalty over all strings of the other bits."""
    penalty = 1 + float(np.abs(together.objective).sum())  # more than can be gained
    asked = together.bqm(penalty)
    linear, quadratic = coefficients(asked)
    n = together.n_weight_bits
    weights = np.concatenate(list(settings(n))).astype(float)
    others = np.concatenate(list(settings(together.n_bits - n))).astype(float)
    of_weights = weights @ linear[:n] + ((weights @ quadratic[:n, :n]) * weights).sum(axis=1)
    of_others = others @ linear[n:] + ((others @ quadratic[n:, n:]) * others).sum(axis=1)
    between = weights @ quadratic[:n, n:] @ others.T
    return np.asarray((between + of_others).min(axis=1) + of_weights + float(asked.offset))


@pytest.mark.parametrize("case", [("sign", "error"), ("sign", "hinge"), ("relu", "error"), ("tanh", "error")])
def test_the_optimum_over_all_bits_is_that_of_brute_force(case: tuple[str, str]) -> None:
    """For given weights samples have no bit in common, so that the optimum of all is that of a sum over samples."""
    problem = xor(ACTIVATIONS[case[0]], LOSSES[case[1]])
    problem = Problem(problem.network, problem.inputs, problem.targets, fixed_bits(problem.network))
    models = [model(problem.samples(np.array([sample]))) for sample in range(4)]
    free = np.concatenate(list(settings(len(problem.free))))
    losses = problem.losses(free)
    for sample, alone in enumerate(models):
        assert _lowest(alone) == pytest.approx(losses[:, sample], abs=1e-6)
    strings = np.concatenate([alone.complete(free[5:6]) for alone in models], axis=0)
    together = model(problem)
    parts = [strings[0, : len(problem.free)], *(row[len(problem.free) :] for row in strings)]
    row = np.concatenate(parts)[None]
    random = np.random.default_rng(0).integers(0, 2, row.shape, dtype=np.uint8)
    for whole in (row, random):
        rest = whole[:, len(problem.free) :].reshape(4, -1)
        alone_energies = [
            float(
                alone.bqm(2.0).energies((np.concatenate([whole[0, : len(problem.free)], own]), range(alone.n_bits)))[0]
            )
            for alone, own in zip(models, rest, strict=True)
        ]
        assert together.bqm(2.0).energies((whole, range(together.n_bits)))[0] == pytest.approx(sum(alone_energies))


def test_two_samples_that_contradict_each_other() -> None:
    network = QuantizedNetwork((1, 1, 1), sign(), error())
    together = build(network, np.array([[1], [1]]), np.array([[1], [-1]]))
    assert _lowest(together) == pytest.approx(1)


@given(
    st.sampled_from([(2, 1), (2, 2, 1), (3, 2, 2), (2, 2, 2, 1)]),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(sorted(LOSSES)),
    st.integers(1, 2),
    st.integers(0, 2),
    st.integers(1, 3),
    st.booleans(),
)
@hypothesis_settings(max_examples=30, deadline=None)
def test_counts_are_those_of_the_built_model(
    widths: tuple[int, ...], activation: str, loss: str, weights: int, biases: int, samples: int, break_symmetry: bool
) -> None:
    encodings = Encoding.symmetric(weights), Encoding.symmetric(biases)
    network = QuantizedNetwork(widths, ACTIVATIONS[activation], LOSSES[loss], *encodings)
    fixed = fixed_bits(network) if break_symmetry else {}
    generator = np.random.default_rng(samples)
    inputs = generator.choice([-1, 1], (samples, widths[0]))
    targets = generator.choice([-1, 1], (samples, widths[-1]))
    built, counted = build(network, inputs, targets, fixed), count(network, fixed)
    assert built.n_bits == counted.bits(samples)
    assert built.n_forms == counted.forms(samples)
    assert built.forms.nnz <= samples * counted.sample_entries
    bits = generator.integers(0, 2, (4, built.n_weight_bits), dtype=np.uint8)
    complete = built.complete(bits)
    losses = network.losses(built.network_bits(complete), inputs, targets).sum(axis=1)
    assert built.energies(complete) == pytest.approx(losses, abs=1e-6)
    assert built.violations(complete) == pytest.approx(0, abs=1e-6)


def test_counts_of_the_image_network() -> None:
    counted = count(WIDE)
    assert [counted.bits(samples) for samples in (1, 20, 200)] == [51, 317, 2837]


def test_a_model_beyond_the_memory_is_refused_before_it_is_built() -> None:
    inputs = np.ones((200_000, 16), dtype=np.int64)
    with pytest.raises(CapabilityError, match=r"has 2800037 bits and 1000000 constraints.*each model has 51 bits"):
        build(WIDE, inputs, np.ones((200_000, 1), dtype=np.int64))


def test_building_takes_about_the_memory_that_is_said() -> None:
    generator = np.random.default_rng(0)
    inputs, targets = generator.choice([-1, 1], (30, 16)), generator.choice([-1, 1], (30, 1))
    tracemalloc.start()
    build(WIDE, inputs, targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.3 < peak / count(WIDE).memory(30) < 1


def test_targets_are_signs() -> None:
    with pytest.raises(DataError, match="targets are -1 or 1"):
        build(WIDE, np.ones((2, 16), dtype=np.int64), np.zeros((2, 1), dtype=np.int64))


def test_the_model_for_solvers_is_objective_and_weighed_forms() -> None:
    together = MODELS["tanh", "hinge"]
    generator = np.random.default_rng(3)
    bits = generator.integers(0, 2, (50, together.n_bits), dtype=np.uint8)
    multipliers = generator.random(together.n_forms)
    extra = generator.standard_normal((together.n_weight_bits, together.n_weight_bits))
    weights = bits[:, : together.n_weight_bits].astype(float)
    expected = together.energies(bits) + together.violations(bits) @ multipliers
    expected += np.einsum("si,ij,sj->s", weights, extra, weights)
    found = together.bqm(multipliers, extra)
    assert isinstance(found, dimod.BinaryQuadraticModel)
    assert found.energies((bits, range(together.n_bits))) == pytest.approx(expected)
