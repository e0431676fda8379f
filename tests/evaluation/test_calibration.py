"""What the numbers of a comparison are worth, measured on simulated twins of which everything is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from qlab.evaluation.comparison import Comparison, Scores, Setting, compare
from qlab.evaluation.statistics import Floats, Interval, bca_interval, sign_flip, student_interval

SEEDS, TWINS, TRIALS = 10, 8, 1000
CHOICES = 2 ** (SEEDS - 1)  # p of 10 differences is k / 512, both signs of all of them together
# p < 0.05 is k <= 25, a share of 0.0488; for 8 twins the smallest p must be below 0.05 / 8, so k <= 3
LEVEL, LEVEL_OF_EIGHT = 25 / CHOICES, 3 / CHOICES
Draw = Callable[[np.random.Generator, int], Floats]


def bounds(share: float, trials: int = TRIALS) -> tuple[int, int]:
    """Return between what counts 99.9 % of binomial draws lie."""
    return int(stats.binom.ppf(0.0005, trials, share)), int(stats.binom.ppf(0.9995, trials, share))


def table(circuit: Floats, twins: Floats) -> list[Comparison]:
    """Return the comparisons of scores (SEEDS,) with those of twins (n_twins, SEEDS)."""
    named = {f"twin {number}": Scores(dict(enumerate(values.tolist()))) for number, values in enumerate(twins)}
    return compare([Setting({}, Scores(dict(enumerate(circuit.tolist()))), named, 0.5)])


def normal(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(0.9, 0.01, n)


def accuracies(rng: np.random.Generator, n: int) -> Floats:
    """Return accuracies near 0.98 on 1,000 examples."""
    return rng.binomial(1000, 0.98, n) / 1000


def measured_level(draw: Draw) -> int:
    rng = np.random.default_rng(11)
    rows = (table(draw(rng, SEEDS), draw(rng, SEEDS)[None])[0] for _ in range(TRIALS))
    return sum(row.verdict != "not distinguishable" for row in rows)


@pytest.mark.slow
def test_equal_twins_are_told_apart_at_the_exact_level() -> None:
    low, high = bounds(LEVEL)
    assert low <= measured_level(normal) <= high


@pytest.mark.slow
def test_ties_among_accuracies_make_false_alarms_no_more_frequent() -> None:
    assert measured_level(accuracies) <= bounds(LEVEL)[1]


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_a_false_alarm_anywhere_among_eight_twins_is_rare(shared: bool) -> None:
    """Differences from a circuit that does not vary are independent, those from one that varies are not."""
    rng, alarms = np.random.default_rng(12), 0
    for _ in range(TRIALS):
        circuit = normal(rng, SEEDS) if shared else np.full(SEEDS, 0.9)
        rows = table(circuit, normal(rng, TWINS * SEEDS).reshape(TWINS, SEEDS))
        alarms += any(row.verdict != "not distinguishable" for row in rows)
    independent = 1 - (1 - LEVEL_OF_EIGHT) ** TWINS
    low, high = bounds(independent)
    assert alarms <= high
    assert shared or alarms >= low


def power_of_t(effect: float, level: float, n: int) -> float:
    """Return the power of the two-sided one-sample t test; effect in standard deviations of the differences."""
    far, shift = stats.t.ppf(1 - level / 2, n - 1), effect * np.sqrt(n)
    return float(stats.nct.sf(far, n - 1, shift) + stats.nct.cdf(-far, n - 1, shift))


def flipped(differences: Floats) -> Floats:
    """Return p of differences (trials, n) by all signs at once, written independently."""
    n = differences.shape[1]
    signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)  # (2^n, n)
    means = np.abs(differences @ signs.T)  # (trials, 2^n)
    share: Floats = (means >= means[:, :1] * (1 - 1e-12)).mean(1)
    return share


@pytest.mark.parametrize("effect", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("level", [LEVEL, LEVEL_OF_EIGHT])
def test_the_sign_flip_test_has_about_the_power_of_the_t_test(effect: float, level: float) -> None:
    differences = np.random.default_rng(13).normal(effect, 1.0, (4000, SEEDS))
    p = flipped(differences)
    power = float((p <= level + 1e-12).mean())
    assert power_of_t(effect, level, SEEDS) - 0.06 <= power <= power_of_t(effect, level, SEEDS) + 0.02
    ours = [sign_flip(row) for row in differences[:50]]
    np.testing.assert_allclose(ours, p[:50], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [1.5, 2.0])
def test_a_known_effect_is_found_as_often_as_theory_says(effect: float) -> None:
    """One twin is worse, seven are equal: the one is found with the power of a test at 0.05 / 8, or more."""
    rng, trials = np.random.default_rng(14), 400
    found = 0
    for _ in range(trials):
        differences = rng.normal(size=(TWINS, SEEDS)) * 0.01
        differences[0] += effect * 0.01
        rows = table(np.full(SEEDS, 0.9), 0.9 - differences)
        found += rows[0].verdict == "better"
    expected = float((flipped(rng.normal(effect, 1.0, (4000, SEEDS))) <= LEVEL_OF_EIGHT + 1e-12).mean())
    low, high = bounds(expected, trials)
    assert low <= found <= high


def coverage(interval: Callable[[Floats], Interval | None], draw: Draw, truth: float, n: int, trials: int) -> float:
    rng, covered = np.random.default_rng(n), 0
    for _ in range(trials):
        found = interval(draw(rng, n))
        assert found is not None
        covered += found.low <= truth <= found.high
    return covered / trials


def two_models(rng: np.random.Generator, n: int) -> Floats:
    """Return differences of accuracies on 1,000 examples, of which 98 % and 97.5 % are answered rightly."""
    values: Floats = accuracies(rng, n) - rng.binomial(1000, 0.975, n) / 1000
    return values


def one_fixed(rng: np.random.Generator, n: int) -> Floats:
    """Return differences from a twin that does not depend on the seed; they are as skewed as the accuracies."""
    return accuracies(rng, n) - 0.97


def one_tail(rng: np.random.Generator, n: int) -> Floats:
    """Return differences with a long tail on one side, as where some seeds go wrong."""
    return rng.exponential(0.01, n)


DIFFERENCES: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(0.01, 0.02, n), 0.01),
    "two models": (two_models, 0.005),
    "one fixed": (one_fixed, 0.01),
}


@pytest.mark.parametrize("n", [5, 10, 30])
@pytest.mark.parametrize("name", DIFFERENCES)
def test_students_intervals_of_differences_cover(name: str, n: int) -> None:
    assert 0.93 <= coverage(student_interval, *DIFFERENCES[name], n, 4000) <= 0.97


@pytest.mark.parametrize(("n", "low", "high"), [(5, 0.85, 0.90), (10, 0.87, 0.92), (30, 0.91, 0.95)])
def test_students_intervals_cover_less_where_some_seeds_go_wrong(n: int, low: float, high: float) -> None:
    """A limit that is known and told, not one that is wanted."""
    assert low <= coverage(student_interval, one_tail, 0.01, n, 4000) <= high


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENCES)
@pytest.mark.parametrize(("n", "expected"), [(10, 0.90), (30, 0.93)])
def test_bootstrap_intervals_cover_less_than_they_say(name: str, n: int, expected: float) -> None:
    """A limit that is known and told: it is why verdicts stand beside Student's intervals."""
    covered = coverage(bca_interval, *DIFFERENCES[name], n, TRIALS)
    low, high = bounds(expected)
    assert low <= covered * TRIALS <= high
    assert covered < 0.95
