"""Comparisons: hand-computed small cases, diverged seeds, Holm's order, the error of the test set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from qlab.evaluation.comparison import Comparison, Right, Scores, Setting, compare, standard_error_of_test_set
from qlab.evaluation.sentences import overall, sentence, too_few_seeds
from qlab.evaluation.statistics import smallest_p

TEN = [0.85, 0.86, 0.87, 0.88, 0.89, 0.90, 0.91, 0.92, 0.93, 0.94]


def scores(values: Sequence[float | None], right: Right | None = None) -> Scores:
    return Scores(dict(enumerate(values)), None if right is None else dict(enumerate(right)))


def one(circuit: Scores, twin: Scores, constant: float = 0.5, name: str = "linear") -> Comparison:
    (row,) = compare([Setting({}, circuit, {name: twin}, constant)])
    return row


def moved(by: float) -> Scores:
    """The ten scores, less ``by`` on average, the differences not all the same."""
    return scores([value - by * (0.8 + 0.4 * (seed % 2)) for seed, value in enumerate(TEN)])


def test_a_small_case_by_hand() -> None:
    row = one(scores([0.8, 0.9, 0.7]), scores([0.7, 0.85, 0.7]))
    assert (row.n, row.twin, row.comparisons, row.setting) == (3, "linear", 1, {})
    assert row.differences == pytest.approx({0: 0.1, 1: 0.05, 2: 0.0})
    assert (row.circuit.mean, row.circuit.median, row.circuit.sd) == pytest.approx((0.8, 0.8, 0.1))
    assert (row.against.mean, row.against.median) == pytest.approx((0.75, 0.7))
    assert row.against.sd == pytest.approx(np.sqrt((0.05**2 + 0.1**2 + 0.05**2) / 2))
    assert row.paired.difference == pytest.approx(0.05)
    assert row.paired.p == row.adjusted_p == pytest.approx(0.5)  # 0, 0.05 and 0.1: 4 of 8 signs are as far from 0
    half = 4.302652729911275 * 0.05 / np.sqrt(3)
    assert row.paired.student is not None
    assert (row.paired.student.low, row.paired.student.high) == pytest.approx((0.05 - half, 0.05 + half))
    assert row.paired.effect == pytest.approx(0.05 / 0.05 * (1 - 3 / 7))
    assert (row.verdict, row.test_set_error) == ("not distinguishable", None)


def test_intervals_of_scores_stay_between_0_and_1() -> None:
    row = one(scores([0.99, 1.0, 0.8]), scores([0.01, 0.0, 0.2]))
    assert row.circuit.student is not None
    assert row.against.student is not None
    assert (row.circuit.student.high, row.against.student.low) == (1.0, 0.0)
    assert row.circuit.bca is not None
    assert 0.8 <= row.circuit.bca.low <= row.circuit.mean <= row.circuit.bca.high <= 1.0


def test_a_diverged_seed_counts_as_the_constant_answer_and_is_counted() -> None:
    row = one(scores([0.9, None, 0.8]), scores([0.7, 0.7, None]), constant=0.4)
    assert row.differences == pytest.approx({0: 0.2, 1: -0.3, 2: 0.4})
    assert (row.circuit.diverged, row.against.diverged) == ((1,), (2,))
    assert row.circuit.mean == pytest.approx((0.9 + 0.4 + 0.8) / 3)
    assert row.n == 3
    said = sentence(row)
    assert "1 of 3 seeds of the circuit diverged and count as what a constant answer scores" in said
    assert "1 of 3 seeds of linear diverged" in said


def test_every_seed_may_diverge() -> None:
    row = one(scores([None] * 6), scores([None] * 6))
    assert (row.paired.difference, row.adjusted_p, row.paired.effect) == (0.0, 1.0, None)
    assert row.circuit.diverged == tuple(range(6))


def test_seeds_are_paired_by_their_number_whatever_their_order() -> None:
    circuit, twin = Scores({3: 0.9, 1: 0.8, 7: 0.6}), Scores({9: 0.1, 1: 0.7, 3: 0.6})
    row = one(circuit, twin)
    assert row.differences == pytest.approx({3: 0.3, 1: 0.1})
    assert row.circuit.mean == pytest.approx(0.85)


def test_a_twin_without_a_common_seed_has_no_row_and_counts_for_nothing() -> None:
    twins = {"linear": moved(0.02), "mlp": Scores({}), "knn": Scores({99: 0.5})}
    (row,) = compare([Setting({}, scores(TEN), twins, 0.5)])
    assert (row.twin, row.comparisons, row.adjusted_p) == ("linear", 1, row.paired.p)
    assert compare([]) == []


def test_holm_runs_over_all_rows_and_gives_them_back_in_order() -> None:
    rng = np.random.default_rng(0)
    twins = {name: scores([value - shift + 0.01 * rng.normal() for value in TEN]) for name, shift in SHIFTS.items()}
    settings = [Setting({"q": q}, scores([value - 0.004 * q for value in TEN]), twins, 0.5) for q in (1, 2)]
    rows = compare(settings)
    assert [(row.setting["q"], row.twin) for row in rows] == [(q, name) for q in (1, 2) for name in SHIFTS]
    p = [row.paired.p for row in rows]
    largest, expected = 0.0, dict[int, float]()
    for rank, number in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[number]))
        expected[number] = largest
    assert [row.adjusted_p for row in rows] == pytest.approx([expected[number] for number in range(len(p))])
    assert {row.comparisons for row in rows} == {6}


SHIFTS = {"far": 0.05, "same": 0.004, "near": 0.015}


def test_a_twin_alone_in_its_table_has_an_unadjusted_p() -> None:
    row = one(scores(TEN), moved(0.02))
    assert row.adjusted_p == row.paired.p == pytest.approx(2 / 1024)
    assert row.verdict == "better"
    assert one(moved(0.02), scores(TEN)).verdict == "worse"


def answers(rng: np.random.Generator, share: np.ndarray, n_seeds: int) -> Right:
    right: Right = rng.random((n_seeds, len(share))) < share
    return right


def test_the_error_of_the_test_set_is_that_of_drawing_its_examples_again() -> None:
    rng = np.random.default_rng(1)
    hard = rng.beta(4, 1, 300)  # how often each example is answered rightly: models are right about the same ones
    circuit, twin = answers(rng, hard, 10), answers(rng, hard**1.3, 10)
    found = standard_error_of_test_set(circuit, twin)
    drawn = rng.integers(0, 300, (20_000, 300))
    each = circuit.mean(0) - twin.mean(0)
    bootstrap = each[drawn].mean(1).std()
    assert found == pytest.approx(bootstrap, rel=5 / np.sqrt(2 * 20_000) + 1 / 600)
    row = one(scores(circuit.mean(1).tolist(), circuit), scores(twin.mean(1).tolist(), twin))
    assert row.test_set_error == found


def test_the_error_of_the_test_set_is_unknown_where_answers_are() -> None:
    right = np.ones((2, 4), dtype=bool)
    assert one(scores([1.0, 1.0], right), scores([1.0, 1.0])).test_set_error is None
    assert one(scores([1.0, 1.0], right), Scores({0: 1.0, 1: 1.0}, {0: right[0]})).test_set_error is None
    assert one(scores([1.0, 1.0], right), scores([1.0, 1.0], right)).test_set_error == 0.0
    alone = np.ones((2, 1), dtype=bool)
    assert one(scores([1.0, 1.0], alone), scores([1.0, 1.0], alone)).test_set_error is None


def test_answers_of_a_diverged_seed_are_the_constant_ones() -> None:
    right = np.array([[True, True, True, True], [True, True, False, False]])
    row = one(scores([1.0, None], right), scores([1.0, 0.5], right))
    assert row.test_set_error == 0.0


def test_what_cannot_be_a_score_is_refused() -> None:
    for wrong in (np.nan, 1.2, -0.1):
        with pytest.raises(ValueError, match="within \\[0, 1\\]"):
            one(scores([wrong]), scores([0.5]))
    right = np.ones((1, 4), dtype=bool)
    with pytest.raises(ValueError, match=r"seed 0 scores 0\.5"):
        one(scores([0.5], right), scores([1.0], right))


def test_a_comparison_in_words() -> None:
    row = one(scores([value - 0.001 for value in TEN[:6]]), moved(0.0), name="linear")
    assert sentence(row) == ("the circuit is worse than linear: -0.0010 (95 % interval -0.0010 to -0.0010), p 0.0312")
    same = one(scores(TEN), scores(TEN))
    assert sentence(same) == (
        "the circuit is not distinguishable from linear: 0.0000 (95 % interval 0.0000 to 0.0000), p 1.00"
    )
    alone = one(scores([0.9]), scores([0.8]))
    assert sentence(alone).startswith("the circuit is not distinguishable from linear: +0.1000 (one seed, no interval)")


def test_too_few_seeds_are_named() -> None:
    row = one(scores(TEN[:5]), scores([value - 0.1 for value in TEN[:5]]))
    assert row.verdict == "not distinguishable"
    assert sentence(row).endswith("; 5 seeds cannot reach p < 0.05 (2/2^5 = 0.0625)")
    assert too_few_seeds(5, 1) == "5 seeds cannot reach p < 0.05: the smallest p is 2/2^5 = 0.0625; it takes 6"
    many = compare([Setting({}, scores(TEN), {str(number): moved(0.02) for number in range(26)}, 0.5)])
    assert sentence(many[0]).endswith("; 10 seeds cannot reach p < 0.05 among 26 comparisons")
    assert {row.verdict for row in many} == {"not distinguishable"}
    assert too_few_seeds(6, 1) == ""
    assert too_few_seeds(10, 25) == ""
    assert too_few_seeds(10, 26) == (
        "10 seeds cannot reach p < 0.05 in a table of 26 comparisons: the smallest p, adjusted, is 26 x 0.00195 = "
        "0.0508; it takes 11"
    )
    assert "1 seed cannot" in too_few_seeds(1, 1)
    assert too_few_seeds(30, 1000).endswith("it takes fewer comparisons")


@pytest.mark.parametrize("n", [2, 6, 14, 15, 20])
def test_the_smallest_p_is_reached_and_never_undercut(n: int) -> None:
    row = one(scores([0.5 + seed / 100 for seed in range(n)]), scores([0.1] * n))
    assert row.paired.p == pytest.approx(smallest_p(n))


def test_a_difference_within_the_error_of_the_test_set_is_not_sold() -> None:
    right = np.ones((6, 100), dtype=bool)
    worse = right.copy()
    worse[:, 0] = False
    row = one(scores([1.0] * 6, right), scores([0.99] * 6, worse))
    assert row.verdict == "better"
    assert row.test_set_error == pytest.approx(0.01)
    assert row.within_test_set_error
    assert "within 2 standard errors of the test set (0.0100 each), so that another test set of this size" in sentence(
        row
    )
    worse[:, :10] = False
    row = one(scores([1.0] * 6, right), scores([0.9] * 6, worse))
    assert not row.within_test_set_error
    assert "test set" not in sentence(row)


def test_an_interval_that_holds_0_is_told() -> None:
    """One seed that differs far more than the others widens Student's interval, and changes no sign."""
    row = one(scores([value + 0.01 for value in TEN]), scores([0.1, *TEN[1:]]))
    assert row.adjusted_p < 0.05
    assert row.verdict == "not distinguishable"
    assert "; a few seeds differ far more than the others, so that the interval holds 0 all the same" in sentence(row)


def test_all_verdicts_of_a_setting_in_one_sentence() -> None:
    twins = {"a": moved(0.02), "b": moved(0.03), "c": moved(-0.02), "d": scores(TEN), "e": scores(TEN)}
    rows = compare([Setting({}, scores(TEN), twins, 0.5)])
    assert overall(rows) == (
        "the circuit is better than 2 of 5 models (a, b), worse than 1 (c), not distinguishable from 2"
    )
    assert overall(rows[3:]) == "the circuit is not distinguishable from 2 of 2 models"
    assert overall(rows[:1]) == "the circuit is better than 1 of 1 model (a)"
    assert overall([]) == ""


def test_the_interval_of_a_comparison_is_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.uniform(0.4, 0.6, 8), rng.uniform(0.4, 0.6, 8)
    row = one(scores(first.tolist()), scores(second.tolist()))
    student = stats.ttest_rel(first, second).confidence_interval()
    assert row.paired.student is not None
    assert (row.paired.student.low, row.paired.student.high) == pytest.approx((student.low, student.high))
