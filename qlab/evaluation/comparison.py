"""A circuit against its classical twins: from scores, seed by seed, to a table of paired comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlab.evaluation.statistics import (
    Floats,
    Interval,
    Paired,
    Verdict,
    bca_interval,
    holm,
    paired,
    student_interval,
    verdict,
)

CIRCUIT = "circuit"  # what the quantum model is called among its twins
_TOLERANCE = 1e-6
Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """What a model scored on the test set.

    Attributes:
        by_seed: accuracy, balanced accuracy or an area under a curve, in [0, 1]; None where the seed diverged.
        right: for the accuracy only, whether each example was answered rightly, (n_test,) per seed, the examples in
            one order for all models and seeds; for a seed that diverged, whether the constant answer is right. Empty
            where that is not known, or where seeds have test sets of their own.
    """

    by_seed: Mapping[int, float | None]
    right: Mapping[int, Right] | None = None


@dataclass(frozen=True)
class Setting:
    """The models that were trained under the same conditions.

    Attributes:
        values: of what was swept; may be empty.
        circuit: scores of the quantum model.
        twins: scores of each classical twin, by name.
        constant: what an answer that is always the same scores: the score of a seed that diverged.
    """

    values: Mapping[str, object]
    circuit: Scores
    twins: Mapping[str, Scores]
    constant: float


@dataclass(frozen=True)
class Summary:
    """The scores of one model over the seeds of a comparison, those that diverged counted as the constant answer.

    Attributes:
        diverged: the seeds that did.
        mean: of all seeds.
        median: of all seeds.
        sd: with n - 1 in the denominator; None for a single seed.
        student: interval of the mean by Student's t, within [0, 1]; None for a single seed.
        bca: interval of the mean by the bootstrap; None for a single seed.
    """

    diverged: tuple[int, ...]
    mean: float
    median: float
    sd: float | None
    student: Interval | None
    bca: Interval | None


@dataclass(frozen=True)
class Comparison:
    """A circuit against one twin.

    Attributes:
        setting: values of what was swept.
        twin: its name.
        circuit: scores of the circuit.
        against: scores of the twin.
        differences: circuit - twin for each seed that both have.
        paired: what is known of the mean difference.
        adjusted_p: its p-value, adjusted by Holm's method for all comparisons of the table.
        comparisons: how many these are.
        test_set_error: standard error of the mean difference from the choice of test examples; None where unknown.
        verdict: of the circuit: better, worse, not distinguishable.
    """

    setting: Mapping[str, object]
    twin: str
    circuit: Summary
    against: Summary
    differences: Mapping[int, float]
    paired: Paired
    adjusted_p: float
    comparisons: int
    test_set_error: float | None
    verdict: Verdict

    @property
    def n(self) -> int:
        """Return the number of seeds that both models have."""
        return self.paired.n

    @property
    def within_test_set_error(self) -> bool:
        """Return whether seeds tell the models apart by no more than 2 standard errors of the test set."""
        if self.test_set_error is None or self.verdict == "not distinguishable":
            return False
        return abs(self.paired.difference) <= 2 * self.test_set_error


@dataclass(frozen=True)
class _Pairs:
    """The scores of a circuit and of one twin over the seeds that both have."""

    setting: Setting
    twin: str
    seeds: tuple[int, ...]
    circuit: Floats
    other: Floats


def compare(settings: Iterable[Setting]) -> list[Comparison]:
    """Return a comparison for each setting and twin, in their order; all p-values are adjusted together.

    A twin that has no seed in common with its circuit has no row.

    Raises:
        ValueError: a score is not within [0, 1], or is not the share of examples answered rightly.
    """
    pairs = [found for setting in settings for twin in setting.twins if (found := _pairs(setting, twin)).seeds]
    results = [paired(one.circuit, one.other) for one in pairs]
    adjusted = holm([result.p for result in results])
    return [_comparison(one, result, p, len(pairs)) for one, result, p in zip(pairs, results, adjusted, strict=True)]


def _pairs(setting: Setting, twin: str) -> _Pairs:
    circuit, other = setting.circuit, setting.twins[twin]
    seeds = tuple(seed for seed in circuit.by_seed if seed in other.by_seed)
    values = (_values(scores, seeds, setting.constant) for scores in (circuit, other))
    return _Pairs(setting, twin, seeds, *values)


def _values(scores: Scores, seeds: Sequence[int], constant: float) -> Floats:
    """Return the scores (n_seeds,); those of seeds that diverged are the constant answer's."""
    given = [scores.by_seed[seed] for seed in seeds]
    values = np.array([constant if value is None else value for value in given], np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"scores to compare are within [0, 1]; give None for a seed that diverged, not {values}")
    return values


def _comparison(one: _Pairs, result: Paired, adjusted_p: float, comparisons: int) -> Comparison:
    setting = one.setting
    first, second = setting.circuit, setting.twins[one.twin]
    return Comparison(
        setting=setting.values,
        twin=one.twin,
        circuit=_summary(first, one.seeds, one.circuit),
        against=_summary(second, one.seeds, one.other),
        differences=dict(zip(one.seeds, (one.circuit - one.other).tolist(), strict=True)),
        paired=result,
        adjusted_p=adjusted_p,
        comparisons=comparisons,
        test_set_error=standard_error_of_test_set(_right(first, one.seeds), _right(second, one.seeds)),
        verdict=verdict(result, adjusted_p),
    )


def _summary(scores: Scores, seeds: Sequence[int], values: Floats) -> Summary:
    return Summary(
        diverged=tuple(seed for seed in seeds if scores.by_seed[seed] is None),
        mean=float(values.mean()),
        median=float(np.median(values)),
        sd=float(values.std(ddof=1)) if len(values) > 1 else None,
        student=_proportion(student_interval(values)),
        bca=bca_interval(values),
    )


def _proportion(interval: Interval | None) -> Interval | None:
    return None if interval is None else Interval(max(interval.low, 0.0), min(interval.high, 1.0))


def _right(scores: Scores, seeds: Sequence[int]) -> Right | None:
    """Return which answers are right (n_seeds, n_test); None where that is not known of every seed."""
    if scores.right is None or not all(seed in scores.right for seed in seeds):
        return None
    right = np.stack([np.asarray(scores.right[seed], np.bool_) for seed in seeds])
    for seed, share in zip(seeds, right.mean(1), strict=True):
        score = scores.by_seed[seed]
        if score is not None and abs(score - share) > _TOLERANCE:
            raise ValueError(f"seed {seed} scores {score}, but {share} of its answers are right")
    return right


def standard_error_of_test_set(first: Right | None, second: Right | None) -> float | None:
    """Return the standard error of a difference of mean accuracies that comes from the choice of test examples.

    It is sd / sqrt(n_test) of the examples' own differences, each the mean over seeds: the seeds stay as they are, and
    only the test set is thought to be drawn again. None without both.

    Args:
        first: whether each answer is right, (n_seeds, n_test).
        second: the same of the other model.
    """
    if first is None or second is None:
        return None
    each = first.mean(0) - second.mean(0)  # (n_test,)
    return float(each.std(ddof=1) / np.sqrt(each.size)) if each.size > 1 else None
