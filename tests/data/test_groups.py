"""Splits in which examples that belong together stay together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlab.data.dataset import Dataset
from qlab.data.groups import divided
from qlab.data.splits import split
from qlab.errors import DataError, OptionError
from tests.data.test_splits import dataset, parts


def grouped(class_sizes: tuple[int, ...], n_groups: int, seed: int = 0) -> Dataset:
    made = dataset(class_sizes, seed=seed)
    groups = np.random.default_rng(seed).integers(0, n_groups, len(made.labels))
    return replace(made, groups=groups.astype(np.int64))


def pairs(n: int) -> Dataset:
    made = dataset((n, n))
    return replace(made, labels=np.arange(2 * n, dtype=np.int64) % 2, groups=np.arange(2 * n, dtype=np.int64) // 2)


@settings(deadline=None, max_examples=60)
@given(st.integers(60, 200), st.integers(20, 60), st.integers(15, 80), st.integers(0, 99), st.booleans())
def test_no_group_is_on_two_sides(many: int, few: int, n_groups: int, seed: int, sized: bool) -> None:
    data = grouped((many, few), n_groups, seed)
    sizes = {"n_train": 20, "n_val": 12, "n_test": 15} if sized else dict.fromkeys(("n_train", "n_val", "n_test"))
    try:
        found = split(data, **sizes, seed=seed)
    except DataError:  # a part of so few groups may lack a class, and says so
        return
    assert data.groups is not None
    sides = [set(data.groups[part].tolist()) for part in (found.train, found.val, found.test)]
    assert len(set.union(*sides)) == sum(map(len, sides))
    if sized:
        assert [len(found.train), len(found.val), len(found.test)] == [20, 12, 15]
    else:
        assert set.union(*parts(found)) == set(range(many + few))  # nothing is left out


def test_many_groups_hold_the_classes_in_proportion() -> None:
    data = grouped((2000, 200), 100)
    found = split(data, n_train=None, n_val=None, n_test=None, seed=1)
    for part, share in ((found.test, 0.2), (found.val, 0.08), (found.train, 0.72)):
        assert len(part) == pytest.approx(2200 * share, abs=25)  # a group has 22
        assert data.labels[part].mean() == pytest.approx(1 / 11, abs=0.02)


def test_pairs_stay_together_and_a_part_of_an_odd_size_leaves_one_out() -> None:
    data = pairs(100)
    found = split(data, n_train=None, n_val=20, n_test=41, seed=0)
    assert [len(part) for part in parts(found)] == [138, 20, 41]
    assert np.bincount(data.labels[found.val]).tolist() == [10, 10]
    assert np.bincount(data.labels[found.train]).tolist() == [69, 69]


def test_a_seed_decides_and_more_training_examples_leave_the_other_parts_alone() -> None:
    data = pairs(60)
    few, many, other = (
        split(data, n_train=n_train, n_val=20, n_test=20, seed=seed) for n_train, seed in ((20, 0), (60, 0), (60, 1))
    )
    assert parts(few)[0] < parts(many)[0]
    assert parts(few)[1:] == parts(many)[1:]
    assert parts(many)[2] != parts(other)[2]


def test_too_many_for_whole_groups_is_an_error_with_numbers() -> None:
    with pytest.raises(OptionError, match="ask for 59 examples; made has 57 besides the 41 of its test part"):
        split(pairs(50), n_train=48, n_val=11, n_test=41, seed=0)


def test_where_an_order_is_divided() -> None:
    order, groups = np.array([4, 5, 0, 1, 2, 3]), np.array([7, 7, 7, 9, 2, 2])  # in order: 2 2 | 7 7 7 | 9
    for count, exact, expected in ((2, True, (2, 4)), (3, True, (3, 1)), (3, False, (2, 4)), (4, False, (5, 1))):
        first, rest = divided(order, count, groups, exact=exact)
        assert (len(first), len(rest)) == expected
    assert [len(part) for part in divided(order, 6, groups, exact=True)] == [6, 0]
