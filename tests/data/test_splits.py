"""Splits: stratified, disjoint, reproducible, fingerprinted, and without an image on two sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlab.data.dataset import Dataset
from qlab.data.splits import Splits, split
from qlab.errors import DataError, OptionError


def dataset(class_sizes: tuple[int, ...], n_official: int = 0, seed: int = 0) -> Dataset:
    """Different random images in random order, the last ``n_official`` of them reserved for testing."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(class_sizes)), class_sizes)).astype(np.int64)
    images = rng.random((len(labels), 1, 3, 3)).astype(np.float32)
    official = np.arange(len(labels)) >= len(labels) - n_official if n_official else None
    return Dataset("made", "synthetic", images, labels, tuple(f"c{i}" for i in range(len(class_sizes))), official)


def parts(found: Splits) -> list[set[int]]:
    return [set(part.tolist()) for part in (found.train, found.val, found.test)]


def halves(data: Dataset, *, seed: int = 0) -> Splits:
    return split(data, n_train=None, n_val=None, n_test=None, seed=seed)


def test_defaults_leave_a_fifth_for_testing_and_a_tenth_of_the_rest_for_validation() -> None:
    found = halves(dataset((60, 40)))
    assert (len(found.train), len(found.val), len(found.test)) == (72, 8, 20)
    assert set.union(*parts(found)) == set(range(100))
    assert found.duplicates == 0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(12, 60), min_size=2, max_size=5),
    st.tuples(*[st.floats(0.2, 1)] * 3),
    st.integers(0, 2**32),
    st.integers(0, 99),
)
def test_parts_are_disjoint_stratified_and_as_large_as_asked_for(
    sizes: list[int], shares: tuple[float, float, float], seed: int, data_seed: int
) -> None:
    data = dataset(tuple(sizes), seed=data_seed)
    n = len(data.labels)
    wanted = [int(n * share / sum(shares)) for share in shares]
    found = split(data, n_train=wanted[0], n_val=wanted[1], n_test=wanted[2], seed=seed)
    assert [len(found.train), len(found.val), len(found.test)] == wanted
    train, val, test = parts(found)
    assert len(train | val | test) == sum(wanted)
    for part in (found.train, found.val, found.test):
        counts = np.bincount(data.labels[part], minlength=len(sizes))
        assert np.abs(counts - len(part) * np.array(sizes) / n).max() <= 1 + len(sizes) / 2
        np.testing.assert_array_equal(part, np.sort(part))


def test_equal_classes_are_divided_equally() -> None:
    found = split(dataset((50, 50)), n_train=31, n_val=10, n_test=20, seed=3)
    labels = dataset((50, 50)).labels
    assert np.bincount(labels[found.test]).tolist() == [10, 10]
    assert np.bincount(labels[found.val]).tolist() == [5, 5]
    assert sorted(np.bincount(labels[found.train]).tolist()) == [15, 16]


def test_a_seed_decides_everything() -> None:
    data = dataset((40, 60))
    first, again, other = halves(data), halves(data), halves(data, seed=1)
    np.testing.assert_array_equal(first.train, again.train)
    assert first.fingerprint == again.fingerprint
    assert parts(first)[2] != parts(other)[2]
    assert first.fingerprint != other.fingerprint


def test_more_training_examples_leave_the_other_parts_alone() -> None:
    data = dataset((50, 50))
    few = split(data, n_train=20, n_val=10, n_test=20, seed=0)
    many = split(data, n_train=70, n_val=10, n_test=20, seed=0)
    assert parts(few)[0] < parts(many)[0]
    assert parts(few)[1:] == parts(many)[1:]


def test_the_official_test_part_is_the_only_one_tested_on() -> None:
    data = dataset((60, 60), n_official=30)
    whole = halves(data)
    assert parts(whole)[2] == set(range(90, 120))
    assert (len(whole.train), len(whole.val)) == (81, 9)
    some = split(data, n_train=40, n_val=None, n_test=12, seed=0)
    assert parts(some)[2] < set(range(90, 120))
    assert max(parts(some)[0] | parts(some)[1]) < 90


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 99), st.integers(0, 8), st.booleans())
def test_any_changed_pixel_or_label_changes_the_fingerprint(index: int, pixel: int, in_label: bool) -> None:
    data = dataset((50, 50))
    images, labels = data.images.copy(), data.labels.copy()
    if in_label:
        labels[index] = 1 - labels[index]
    else:
        images[index].flat[pixel] = np.nextafter(images[index].flat[pixel], 2, dtype=np.float32)
    assert halves(replace(data, images=images, labels=labels)).fingerprint != halves(data).fingerprint


def test_the_fingerprint_tells_the_parts_apart() -> None:
    data = dataset((50, 50))
    fingerprints = {
        split(data, n_train=n_train, n_val=n_val, n_test=20, seed=0).fingerprint
        for n_train, n_val in ((40, 20), (40, 21), (41, 20))
    }
    assert len(fingerprints) == 3


def test_the_fingerprint_is_the_same_in_every_memory_layout() -> None:
    data = dataset((50, 50))
    turned = replace(data, images=np.asfortranarray(data.images))
    assert halves(turned).fingerprint == halves(data).fingerprint


def with_copies(data: Dataset, copies: dict[int, int]) -> Dataset:
    """Return the data with image ``copies[i]`` in place of image ``i``."""
    images, labels = data.images.copy(), data.labels.copy()
    for target, origin in copies.items():
        images[target], labels[target] = images[origin], labels[origin]
    return replace(data, images=images, labels=labels)


def test_one_of_equal_images_is_kept() -> None:
    data = with_copies(dataset((50, 50)), {5: 1, 9: 1, 70: 30})
    found = halves(data)
    assert found.duplicates == 3
    assert set.union(*parts(found)) == set(range(100)) - {5, 9, 70}


def test_of_equal_images_the_official_test_one_is_kept() -> None:
    data = with_copies(dataset((60, 60), n_official=30), {3: 100, 100: 100, 4: 5, 101: 102})
    found = halves(data)
    assert found.duplicates == 3
    assert parts(found)[2] == set(range(90, 120)) - {102}
    assert not {3, 5} <= parts(found)[0] | parts(found)[1]
    assert 3 not in parts(found)[0] | parts(found)[1]


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.integers(0, 79), st.integers(0, 79), max_size=40), st.booleans(), st.integers(0, 9))
def test_no_image_is_on_two_sides(copies: dict[int, int], official: bool, seed: int) -> None:
    data = with_copies(dataset((40, 40), n_official=24 if official else 0), copies)
    found = halves(data, seed=seed)
    seen = [data.images[i].tobytes() for i in np.concatenate([found.train, found.val, found.test])]
    assert len(seen) == len(set(seen)) == len({image.tobytes() for image in data.images})
    assert found.duplicates == 80 - len(seen)


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ((None, None, 101), "dataset.n_test=101 is more than the 100 examples made has"),
        ((80, 10, 20), "n_train=80 and n_val=10 ask for 90 examples; made has 80 besides the 20 of its test part"),
        ((None, 90, 20), "ask for 90 examples; made has 80"),
    ],
)
def test_asking_for_too_much_is_an_error_with_numbers(sizes: tuple[int | None, ...], complaint: str) -> None:
    n_train, n_val, n_test = sizes
    with pytest.raises(OptionError, match=complaint):
        split(dataset((50, 50)), n_train=n_train, n_val=n_val, n_test=n_test, seed=0)


def test_more_than_the_official_test_part_cannot_be_tested_on() -> None:
    with pytest.raises(OptionError, match=r"dataset\.n_test=31 is more than the 30 examples"):
        split(dataset((60, 60), n_official=30), n_train=None, n_val=None, n_test=31, seed=0)


def test_a_part_without_a_class_is_an_error() -> None:
    with pytest.raises(DataError, match=r"val part of made \(1 examples\) .* 'c[01]', which has 50 .* dataset.n_val"):
        split(dataset((50, 50)), n_train=10, n_val=1, n_test=2, seed=0)
    with pytest.raises(DataError, match="would hold none of class 'c1', which has 2 in all"):
        halves(dataset((50, 2)))


def test_two_examples_of_two_classes_are_enough() -> None:
    found = split(dataset((50, 50)), n_train=2, n_val=2, n_test=2, seed=0)
    labels = dataset((50, 50)).labels
    assert all(set(labels[part]) == {0, 1} for part in (found.train, found.val, found.test))
