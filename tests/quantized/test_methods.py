from __future__ import annotations

import numpy as np
import pytest

from qlab.errors import CapabilityError, OptionError, UnknownNameError
from qlab.quantized.methods import METHODS, Settings, learn
from tests.quantized.networks import xor

PROBLEM = xor()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_keeps_its_best_weights_and_its_budget(method: str) -> None:
    settings = Settings(method, calls=16, group_size=2)
    run, again = (learn(PROBLEM, settings, np.random.default_rng(3)) for _ in range(2))
    assert run.steps[-1].calls <= 16
    assert run.loss == PROBLEM.losses(run.bits[None]).sum() == run.steps[-1].best_loss
    assert np.array_equal(run.bits, again.bits)
    assert [step.residual for step in run.steps] == [step.residual for step in again.steps]
    assert all(later.best_loss <= former.best_loss for former, later in zip(run.steps, run.steps[1:], strict=False))


@pytest.mark.parametrize("solver", ["enumeration", "search", "exact", "tabu", "path_integral"])
def test_hedging_takes_every_oracle(solver: str) -> None:
    run = learn(PROBLEM, Settings(solver=solver, calls=4, group_size=1), np.random.default_rng(0))
    assert run.model_bits == (0 if solver in ("enumeration", "search") else 17)
    assert len(run.steps) == 1


def test_noise_and_few_bits_reach_the_oracle() -> None:
    plain, noisy, coarse = (
        learn(PROBLEM, Settings("qcgd", calls=12, **distortion), np.random.default_rng(0)).steps
        for distortion in ({}, {"coefficient_noise": 0.2}, {"coefficient_bits": 3})
    )
    assert noisy[-1].residual > 1.5 * plain[-1].residual
    assert [step.residual for step in coarse] != [step.residual for step in plain]


def test_a_model_beyond_the_memory_is_refused() -> None:
    with pytest.raises(CapabilityError, match=r"monolithic model of 4 samples has 41 bits.*each model has 17 bits"):
        learn(PROBLEM, Settings("qcgd", memory=10_000), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings("qcgd", "search"), "for method=hedging only"),
        (Settings("hedging", "enumeration", coefficient_bits=4), "no coefficients to distort"),
        (Settings("hedging", "search", energy_noise=0.1), "knows no noise"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: Settings, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        learn(PROBLEM, settings, np.random.default_rng(0))


def test_wrong_names_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hedging'"):
        learn(PROBLEM, Settings("hedgin"), np.random.default_rng(0))
    with pytest.raises(UnknownNameError, match="did you mean 'exact'"):
        learn(PROBLEM, Settings(solver="exat"), np.random.default_rng(0))
