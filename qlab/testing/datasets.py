"""What every dataset must be: checks that an author of a loader can call in a test.

Every check takes a function that makes a new loader with fixed options, and raises ``AssertionError`` with the
reason. ``check_dataset`` does them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from qlab.data.dataset import DataContext, Dataset, FloatArray, Loader
from qlab.data.splits import split
from qlab.errors import DataError
from qlab.testing.require import require

MakeLoader = Callable[[], Loader]


def check_dataset(make: MakeLoader, context: DataContext) -> None:
    """Run every check."""
    dataset = make().load(context)
    check_arrays(dataset)
    check_repeatable(make, context)
    check_splits(dataset)
    check_source(make, context)


def check_arrays(dataset: Dataset) -> None:
    """Images are finite float32 of shape (N, C, H, W); labels int64, every class present; provenance is JSON."""
    images, labels = dataset.images, dataset.labels
    require(images.dtype == np.float32 and images.ndim == 4, f"images are {images.dtype} of shape {images.shape}")
    require(bool(np.isfinite(images).all()), "some pixels are not finite")
    require(labels.dtype == np.int64 and labels.shape == images.shape[:1], f"labels are {labels.dtype} {labels.shape}")
    require(np.unique(labels).tolist() == list(range(len(dataset.classes))), "labels are not 0, 1, ... for the classes")
    require(dataset.source in ("real", "synthetic"), f"source is '{dataset.source}'")
    official = dataset.official_test
    require(official is None or (official.dtype == bool and official.shape == labels.shape), "official_test is no mask")
    groups = dataset.groups
    require(groups is None or (groups.dtype == np.int64 and groups.shape == labels.shape), "groups are no int64 array")
    require(groups is None or official is None, "groups and an official test part do not go together")
    json.dumps(dataset.provenance, allow_nan=False)


def check_repeatable(make: MakeLoader, context: DataContext) -> None:
    """Two loaders with the same options give the same bytes."""
    first, second = make().load(context), make().load(context)
    require(first.images.tobytes() == second.images.tobytes(), "two loads give different images")
    require(first.labels.tobytes() == second.labels.tobytes(), "two loads give different labels")


def check_splits(dataset: Dataset) -> None:
    """The dataset can be split, and no image and no group stands on two sides."""
    parts = split(dataset, n_train=None, n_val=None, n_test=None, seed=0)
    seen = [_digests(dataset.images[index]) for index in (parts.train, parts.val, parts.test)]
    require(not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2]), "an image stands in two parts")
    if dataset.groups is not None:
        train, val, test = (set(dataset.groups[index].tolist()) for index in (parts.train, parts.val, parts.test))
        require(not (train & val or train & test or val & test), "a group stands in two parts")


def check_source(make: MakeLoader, context: DataContext, size: int = 20) -> None:
    """The source set has the asked size, the same classes and no image of the task; or the loader says it has none."""
    try:
        source = make().load_source(context, size)
    except DataError:
        return
    dataset = make().load(context)
    require(len(source.labels) == size, f"a source set of {size} has {len(source.labels)} images")
    require(source.classes == dataset.classes, "the source set has other classes")
    require(source.images.shape[1:] == dataset.images.shape[1:], "the source set has images of another shape")
    require(not (_digests(source.images) & _digests(dataset.images)), "the source set shares an image with the task")


def _digests(images: FloatArray) -> set[bytes]:
    return {image.tobytes() for image in images}
