"""Stratified, reproducible splits without an image or a group on two sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import Dataset, IntArray
from qlab.data.groups import divided, grouped_order
from qlab.errors import DataError, OptionError


@dataclass(frozen=True, eq=False)
class Splits:
    """Which examples of a dataset are trained on, validated on and tested on.

    Attributes:
        train: indices, int64, sorted; so are ``val`` and ``test``.
        val: indices of the validation part.
        test: indices of the test part.
        fingerprint: SHA-256 of all images, all labels and the three index arrays.
        duplicates: examples left out because the same image is kept elsewhere.
    """

    train: IntArray
    val: IntArray
    test: IntArray
    fingerprint: str
    duplicates: int


def split(dataset: Dataset, *, n_train: int | None, n_val: int | None, n_test: int | None, seed: int) -> Splits:
    """Divide ``dataset``, each class in proportion.

    Of images that are equal byte for byte one is kept, in the official test part if it is there. The test part is drawn
    from the official one if there is one. The parts are consecutive pieces of one random order, test first: with the
    same seed a larger ``n_train`` only adds examples. A group of examples is never divided: what a part of a given size
    has no room for is left out, and parts of sizes that are not given end between two groups.

    Args:
        dataset: what to divide.
        n_train: training examples; None takes all that are left.
        n_val: validation examples; None takes a tenth of what is not test.
        n_test: test examples; None takes the official test part, or a fifth of all.
        seed: of the random order.

    Raises:
        OptionError: more is asked for than there is.
        DataError: a part would lack a class.
    """
    kept = _without_duplicates(dataset)
    test, rest = _test_and_rest(dataset, kept, n_test, np.random.default_rng(seed))
    val, left = divided(
        rest, round(len(rest) / 10) if n_val is None else n_val, dataset.groups, exact=n_val is not None
    )
    n_val = len(val) if n_val is None else n_val
    n_train = len(left) if n_train is None else n_train
    if n_val > len(val) or n_train > len(left):
        raise OptionError(
            f"dataset.n_train={n_train} and n_val={n_val} ask for {n_train + n_val} examples; {dataset.name} has "
            f"{len(val) + len(left)} besides the {len(test)} of its test part"
        )
    parts = {"train": left[:n_train], "val": val, "test": test}
    for name, part in parts.items():
        _check_classes(dataset, name, part)
        parts[name] = np.sort(part)
    return Splits(**parts, fingerprint=_fingerprint(dataset, parts), duplicates=len(dataset.labels) - len(kept))


def _test_and_rest(
    dataset: Dataset, kept: IntArray, n_test: int | None, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the test part, and the indices that are left for the others in random order."""
    if dataset.official_test is None:
        testable = _random_order(dataset, kept, rng)
        wanted = round(len(testable) / 5) if n_test is None else n_test
        test, rest = divided(testable, wanted, dataset.groups, exact=n_test is not None)
    else:
        official = dataset.official_test[kept]
        testable = _stratified_order(kept[official], dataset.labels, rng)
        test, rest = testable[:n_test], _stratified_order(kept[~official], dataset.labels, rng)
    if n_test is not None and n_test > len(testable):
        raise OptionError(
            f"dataset.n_test={n_test} is more than the {len(testable)} examples {dataset.name} has for testing"
        )
    return test, rest


def _random_order(dataset: Dataset, indices: IntArray, rng: np.random.Generator) -> IntArray:
    if dataset.groups is None:
        return _stratified_order(indices, dataset.labels, rng)
    return grouped_order(indices, dataset.labels, dataset.groups, rng)


def _without_duplicates(dataset: Dataset) -> IntArray:
    """Return the indices of all different images, sorted; an official test image is preferred to its copies."""
    n = len(dataset.labels)
    last = np.zeros(n, bool) if dataset.official_test is None else ~dataset.official_test
    first: dict[bytes, int] = {}
    for i in np.argsort(last, kind="stable").tolist():
        first.setdefault(hashlib.sha256(dataset.images[i].tobytes()).digest(), i)
    return np.array(sorted(first.values()), np.int64)


def _stratified_order(indices: IntArray, labels: IntArray, rng: np.random.Generator) -> IntArray:
    """Return ``indices`` in a random order of which every piece holds the classes in proportion, to within one each."""
    shuffled = rng.permutation(indices)
    place = np.empty(len(shuffled))
    for label in np.unique(labels[shuffled]):
        of_class = labels[shuffled] == label
        place[of_class] = (np.arange(of_class.sum()) + 0.5) / of_class.sum()
    return shuffled[np.argsort(place, kind="stable")]


def _check_classes(dataset: Dataset, part: str, indices: IntArray) -> None:
    counts = np.bincount(dataset.labels[indices], minlength=len(dataset.classes))
    if not counts.all():
        label = int(counts.argmin())
        total = int((dataset.labels == label).sum())
        advice = f"raise dataset.n_{part}"
        if dataset.groups is not None:
            n_groups = len(np.unique(dataset.groups))
            advice += f", or make its {n_groups} groups smaller (dataset.block), for none of them is divided"
        raise DataError(
            f"the {part} part of {dataset.name} ({len(indices)} examples) would hold none of class "
            f"'{dataset.classes[label]}', which has {total} in all: {advice}"
        )


def _fingerprint(dataset: Dataset, parts: dict[str, IntArray]) -> str:
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = [dataset.images, dataset.labels, *parts.values()]
    for array in arrays:
        little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{little_endian.dtype.str}{little_endian.shape}".encode())
        digest.update(little_endian.data)
    return digest.hexdigest()
