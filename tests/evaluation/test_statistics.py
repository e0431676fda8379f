"""Statistics mean what they say: few false alarms, effects found, intervals that cover."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from qlab.evaluation.statistics import (
    bca_interval,
    effect_size,
    holm,
    paired,
    sign_flip,
    student_interval,
    verdict,
)


def within(count: int, trials: int, share: float) -> bool:
    """Whether ``count`` of ``trials`` is within 5 standard errors of ``share``."""
    return bool(abs(count / trials - share) <= 5 * np.sqrt(share * (1 - share) / trials))


def test_sign_flips_are_those_of_every_choice_of_signs() -> None:
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.05])
    means = [np.mean(np.multiply(signs, differences)) for signs in itertools.product((1, -1), repeat=5)]
    expected = np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12)
    assert sign_flip(differences) == pytest.approx(expected)
    assert sign_flip(np.ones(6)) == pytest.approx(2 / 2**6)
    assert sign_flip(np.zeros(6)) == 1.0


@pytest.mark.parametrize("n", [10, 20])
def test_equal_twins_are_told_apart_as_often_as_the_level_says(n: int) -> None:
    rng, trials = np.random.default_rng(n), 1000 if n <= 10 else 150
    alarms = sum(sign_flip(rng.normal(size=n)) < 0.05 for _ in range(trials))
    # an exact test has p-values k / 2^(n - 1), so its level is the largest of these below 0.05
    level = np.floor(0.05 * 2 ** (n - 1) - 1e-9) / 2 ** (n - 1) if n <= 14 else 0.05
    assert within(alarms, trials, level)


def test_known_effects_are_found() -> None:
    rng = np.random.default_rng(3)
    found = [paired(rng.normal(0.02, 0.01, 10), rng.normal(0.0, 0.01, 10)) for _ in range(50)]
    assert sum(verdict(each, each.p) == "better" for each in found) >= 45
    assert np.mean([each.difference for each in found]) == pytest.approx(0.02, abs=5 * 0.014 / np.sqrt(500))


@pytest.mark.parametrize("n", [3, 5, 10])
def test_students_intervals_cover(n: int) -> None:
    rng, trials = np.random.default_rng(n), 2000
    intervals = [student_interval(rng.normal(0.5, 0.1, n)) for _ in range(trials)]
    assert within(sum(each is not None and each.low <= 0.5 <= each.high for each in intervals), trials, 0.95)


def test_bootstrap_intervals_cover_where_there_are_many_pairs() -> None:
    rng, trials = np.random.default_rng(1), 150
    intervals = [bca_interval(rng.normal(0.5, 0.1, 100)) for _ in range(trials)]
    assert within(sum(each is not None and each.low <= 0.5 <= each.high for each in intervals), trials, 0.95)


def test_the_effect_is_in_standard_deviations_without_bias() -> None:
    rng = np.random.default_rng(2)
    found = [effect_size(rng.normal(0.8, 1.0, 8)) for _ in range(4000)]
    values = np.array(found, float)
    assert values.mean() == pytest.approx(0.8, abs=5 * values.std() / np.sqrt(len(values)))


def test_what_does_not_vary_has_no_effect_size() -> None:
    same = paired([0.9, 0.8, 0.7], [0.9, 0.8, 0.7])
    assert (same.difference, same.p, same.effect) == (0.0, 1.0, None)
    assert same.bca is not None
    assert (same.bca.low, same.bca.high) == (0.0, 0.0)
    shifted = paired([0.31, 0.32, 0.33], [0.26, 0.27, 0.28])  # by 0.05, but for rounding
    assert shifted.difference == pytest.approx(0.05)
    assert shifted.effect is None
    assert shifted.bca is not None
    assert (shifted.bca.low, shifted.bca.high) == pytest.approx((0.05, 0.05))
    alone = paired([0.9], [0.8])
    assert (alone.student, alone.bca, alone.effect, alone.p) == (None, None, None, 1.0)


def test_holm_is_that_of_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_false_alarms_among_many_rare() -> None:
    rng, trials = np.random.default_rng(4), 1000
    families = [np.asarray(stats.ttest_1samp(rng.normal(size=(10, 5)), 0.0).pvalue) for _ in range(trials)]
    alarms = sum(min(holm([float(p) for p in family])) < 0.05 for family in families)
    assert alarms / trials <= 0.05 + 5 * np.sqrt(0.05 * 0.95 / trials)


def test_verdicts_are_in_words() -> None:
    differences = [0.1, 0.11, 0.12, 0.1, 0.09, 0.1, 0.11]
    more, less = paired(differences, [0.0] * 7), paired([0.0] * 7, differences)
    assert (verdict(more, 0.01), verdict(less, 0.01)) == ("better", "worse")
    assert verdict(more, 0.05) == verdict(paired([0.1] * 7, [0.1] * 7), 0.001) == "not distinguishable"


def test_one_seed_far_off_takes_the_verdict_back() -> None:
    found = paired([0.1] * 7 + [0.9], [0.09] * 8)
    assert found.p < 0.05
    assert found.student is not None
    assert found.student.low < 0
    assert verdict(found, found.p) == "not distinguishable"


@pytest.mark.parametrize(("first", "second"), [([1.0], [1.0, 2.0]), ([], []), ([np.nan], [1.0])])
def test_what_cannot_be_paired_is_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="paired metrics"):
        paired(first, second)
