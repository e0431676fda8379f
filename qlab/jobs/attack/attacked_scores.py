"""From attacks on the runs of a comparison to scores, seed by seed, for each attack and eps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from qlab.evaluation.attacks.shares import Fooled
from qlab.evaluation.comparison import CIRCUIT, Right, Scores, Setting
from qlab.jobs.attack.attack import Attack
from qlab.jobs.attack.comparison import DIVERGED, Entry
from qlab.records.store import read_npz

ATTACK, EPS = "attack", "eps"
Row = tuple[str, float | None]
"""An attack and an eps; None for the attacks of arXiv:2509.13353, which have one of their own."""


@dataclass(frozen=True, eq=False)
class _Answers:
    """What attacks on one run left.

    Attributes:
        index: of the examples in the dataset, (N,).
        labels: (N,).
        right: whether each is still answered rightly (N,), by attack and eps.
    """

    index: NDArray[np.int64]
    labels: NDArray[np.int64]
    right: Mapping[Row, Right]


def attacked_settings(entries: Sequence[Entry], attacks: Mapping[str, Attack]) -> list[Setting]:
    """Return the scores under each attack of every setting.

    A seed that diverged counts as the answer that is always the same, as in the comparison; one that could not be
    attacked is missing.

    Args:
        entries: the runs, those of one setting and model in the order of seeds.
        attacks: on those that were attacked, by the run's name.

    Raises:
        CorruptFileError: a file of an attack is damaged.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(repr(sorted(entry.setting.items())), []).append(entry)
    answers = {name: _answers(attack) for name, attack in attacks.items()}
    return list(chain.from_iterable(_of_setting(group, answers) for group in groups.values()))


def _of_setting(entries: Sequence[Entry], answers: Mapping[str, _Answers]) -> Iterator[Setting]:
    known = [answers[entry.run] for entry in entries if entry.run in answers]
    if not known:
        return
    labels = known[0].labels
    constant = np.bincount(labels)
    alike = all(np.array_equal(known[0].index, other.index) for other in known)
    for row in dict.fromkeys(chain.from_iterable(one.right for one in known)):
        of_models: dict[str, dict[int, Right | None]] = {}
        for entry in entries:
            seeds = of_models.setdefault(entry.model, {})
            if entry.status == DIVERGED:
                seeds[entry.seed] = None
            elif entry.run in answers and row in answers[entry.run].right:
                seeds[entry.seed] = answers[entry.run].right[row]
        always = labels == constant.argmax()
        scores = {model: _scores(seeds, always if alike else None) for model, seeds in of_models.items()}
        circuit = scores.pop(CIRCUIT)
        values = {**entries[0].setting, ATTACK: row[0], EPS: row[1]}
        yield Setting(values, circuit, scores, float(constant.max() / constant.sum()))


def _scores(seeds: Mapping[int, Right | None], always: Right | None) -> Scores:
    """Return accuracies; ``always`` are the answers that are always the same, None where examples differ by seed."""
    by_seed = {seed: None if right is None else float(right.mean()) for seed, right in seeds.items()}
    if always is None:
        return Scores(by_seed)
    return Scores(by_seed, {seed: always if right is None else right for seed, right in seeds.items()})


def _answers(attack: Attack) -> _Answers:
    stored, result = read_npz(attack.path / "fooled.npz"), attack.result
    values = [radius["value"] for radius in result["eps"]]
    curves: dict[str, Fooled] = {name: stored[name].astype(np.bool_) for name in result["curves"]}
    if len(curves) > 1:
        curves["worst"] = np.logical_or.reduce(list(curves.values()))
    right: dict[Row, Right] = {("none", 0.0): ~stored["clean"].astype(np.bool_)}
    for name, fooled in curves.items():
        right |= {(name, value): ~row for value, row in zip(values, fooled, strict=True)}
    right |= {(name, None): ~stored[name].astype(np.bool_) for name in result["published"]}
    return _Answers(stored["index"].astype(np.int64), stored["label"].astype(np.int64), right)
