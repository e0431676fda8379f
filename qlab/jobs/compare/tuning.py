"""The same number of trials for every contestant; the validation part alone decides which is the best."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from qlab.config import registry
from qlab.config.conditions import as_trained
from qlab.config.grid import Plain
from qlab.config.schema import RunConfig
from qlab.heads.logistic_regression import LogisticRegression
from qlab.heads.nearest_neighbours import NearestNeighbours
from qlab.jobs.compare.contestants import Contestant, Field
from qlab.jobs.sweep.points import Point, point_at
from qlab.jobs.sweep.table import Results
from qlab.records.record import TrainRecord

LARGEST_LR, LARGEST_C = 1e6, 1e9
_SEED = 0
_DIGITS = 3


def trials(field: Field, count: int) -> list[Point]:
    """Return ``count`` different trials of every contestant, the first of them as it is configured.

    They are trained and validated without noise and shots, unless training is aware of them.

    What is trained is tried at learning rates up to ten times smaller and larger, logistic regression at penalties up
    to a hundred times, neighbours with up to six times as many. Factors are drawn once, and are the same for all.
    """
    exponents = [0.0, *np.random.default_rng(_SEED).uniform(-1, 1, count - 1)]
    return [
        point_at({**field.values, "twin": contestant.name, "trial": trial}, as_trained(config))
        for contestant in field.contestants
        for trial, config in enumerate(_tried(contestant, exponents))
    ]


def chosen(fields: Sequence[Field], tried: Sequence[Point], found: Results, metric: str) -> list[Field]:
    """Return the contestants, each as in the best of its trials: by the metric, then by the cross entropy."""
    best: dict[str, tuple[tuple[float, float], RunConfig]] = {}
    for point in tried:
        record = found.training(point)
        score = _score(record, metric) if isinstance(record, TrainRecord) else (-math.inf, -math.inf)
        place = _place(point.values)
        if place not in best or score > best[place][0]:
            best[place] = score, point.config

    def with_best(field: Field, contestant: Contestant) -> Contestant:
        chosen = best[_place({**field.values, "twin": contestant.name})][1]
        config = dataclasses.replace(contestant.config, head=chosen.head, trainer=chosen.trainer)
        return dataclasses.replace(contestant, config=config)

    return [
        dataclasses.replace(
            field,
            contestants=tuple(with_best(field, contestant) for contestant in field.contestants),
        )
        for field in fields
    ]


def tuned_values(contestant: Contestant) -> dict[str, Plain]:
    """Return what tuning decided of a contestant."""
    head = registry.factory(contestant.config.head.options)
    if head is LogisticRegression:
        return {"head.C": contestant.config.head.options.C}
    if head is NearestNeighbours:
        return {"head.n_neighbours": contestant.config.head.options.n_neighbours}
    return {"trainer.lr": contestant.config.trainer.lr}


def _tried(contestant: Contestant, exponents: Sequence[float]) -> Iterator[RunConfig]:
    """Yield the configs of trials; exponents are between -1 and 1."""
    config, options = contestant.config, contestant.config.head.options
    head = registry.factory(options)
    if head is NearestNeighbours:
        wanted = [round(options.n_neighbours * 6**exponent) for exponent in exponents]
        yield from (_with_head(config, n_neighbours=count) for count in _different(wanted, contestant.n_train))
        return
    for exponent in exponents:
        if head is LogisticRegression:
            yield _with_head(config, C=min(_rounded(options.C * 100**exponent), LARGEST_C)) if exponent else config
        else:
            lr = min(_rounded(config.trainer.lr * 10**exponent), LARGEST_LR) if exponent else config.trainer.lr
            yield dataclasses.replace(config, trainer=dataclasses.replace(config.trainer, lr=lr))


def _different(wanted: Sequence[int], most: int) -> list[int]:
    """Return whole numbers from 1 to ``most`` near those that are wanted, each once; fewer where there are no more."""
    free, found = set(range(1, most + 1)), list[int]()
    for number in wanted:
        if free:
            found.append(min(free, key=lambda other: (abs(other - number), other)))
            free.remove(found[-1])
    return found


def _with_head(config: RunConfig, **changes: Any) -> RunConfig:
    head = dataclasses.replace(config.head, options=dataclasses.replace(config.head.options, **changes))
    return dataclasses.replace(config, head=head)


def _score(record: TrainRecord, metric: str) -> tuple[float, float]:
    value = record.val_metrics.get(metric)
    return -math.inf if value is None else float(value), -float(record.val_metrics["cross_entropy"])


def _place(values: Mapping[str, Plain]) -> str:
    return repr(sorted((name, value) for name, value in values.items() if name != "trial"))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
