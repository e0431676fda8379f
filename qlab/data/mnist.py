"""MNIST and Fashion-MNIST from idx files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import DataContext, Dataset
from qlab.data.download import locate
from qlab.data.idx import read_idx_pair
from qlab.data.published import (
    FASHION_MNIST,
    MNIST,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    Published,
    recognise,
)
from qlab.errors import DataError, OptionError
from qlab.files import sha256_file


class Mnist:
    """Loader of handwritten digits, (N, 1, 28, 28) in [0, 1].

    The checksums of the files decide the name: ``mnist`` for the official ones, ``mnist-subset`` for the registered
    subset, ``mnist-custom`` for any others.

    Args:
        path: folder of the four idx files; without it they are searched for.
        classes: keep these classes only; they become the labels 0, 1, ... in this order.
    """

    release: ClassVar[Published] = MNIST
    folder_name: ClassVar[str] = "mnist"
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")

    def __init__(self, *, path: str | None = None, classes: Sequence[int] | None = None) -> None:
        self._path = path
        self._classes = tuple(range(len(self.class_names))) if classes is None else tuple(classes)
        if len(set(self._classes)) != len(self._classes) or len(self._classes) < 2:
            raise OptionError(f"dataset.classes={list(self._classes)} should be two or more different classes")

    def load(self, context: DataContext) -> Dataset:
        """Return the scans, those of the t10k files marked as official test.

        Raises:
            DatasetMissing: the files are not on this machine.
            DataError: a file is damaged or belongs to another dataset.
        """
        files = locate(self.release, self.folder_name, self._path, context)
        name, provenance = self._identify(files)
        train = read_idx_pair(files[TRAIN_IMAGES], files[TRAIN_LABELS])
        test = read_idx_pair(files[TEST_IMAGES], files[TEST_LABELS])
        if train[0].shape[1:] != test[0].shape[1:]:
            raise DataError(f"{files[TRAIN_IMAGES]} and {files[TEST_IMAGES]} hold images of different sizes")
        labels = np.concatenate([train[1], test[1]])
        self._check_labels(labels, files[TRAIN_IMAGES].parent)
        kept = np.isin(labels, self._classes)
        official_test = np.arange(len(labels)) >= len(train[1])
        pixels = np.concatenate([train[0], test[0]])[kept]
        return Dataset(
            name=name,
            source="real",
            images=(pixels[:, np.newaxis] / np.float32(255)).astype(np.float32, copy=False),
            labels=self._renumbered(labels[kept]),
            classes=tuple(self.class_names[c] for c in self._classes),
            official_test=official_test[kept],
            provenance={**provenance, "classes": list(self._classes)},
        )

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Raise ``DataError``: there is no second set of these scans."""
        raise DataError(
            f"dataset={self.folder_name} has no disjoint set to pre-train on: use encoder.source=train, or an encoder "
            "that needs no pre-training (pca, identity)"
        )

    def _identify(self, files: dict[str, Path]) -> tuple[str, dict[str, Any]]:
        sha256 = {name: sha256_file(file) for name, file in files.items()}
        known = recognise(sha256)
        if known is None:
            return f"{self.release.family}-custom", {"files": sha256, "origin": "unknown: no registered checksums"}
        if known.family != self.release.family:
            folder = files[TRAIN_IMAGES].parent
            raise DataError(f"{folder} holds {known.name}, not {self.release.name}: give its folder as dataset.path")
        return known.name, {"files": sha256, "origin": known.origin}

    def _check_labels(self, labels: NDArray[np.uint8], folder: Path) -> None:
        found = set(labels.tolist())
        if unknown := sorted(found - set(range(len(self.class_names)))):
            raise DataError(f"the files in {folder} hold the label {unknown[0]}; labels are 0 to 9")
        if absent := sorted(set(self._classes) - found):
            raise DataError(f"the files in {folder} hold no image of class {', '.join(map(str, absent))}")

    def _renumbered(self, labels: NDArray[np.uint8]) -> NDArray[np.int64]:
        position = np.zeros(len(self.class_names), np.int64)
        position[list(self._classes)] = np.arange(len(self._classes))
        return position[labels]


class FashionMnist(Mnist):
    """Loader of pictures of clothes, (N, 1, 28, 28) in [0, 1]; names as for ``Mnist``, with ``fashion-mnist``."""

    release = FASHION_MNIST
    folder_name = "fashion_mnist"
    class_names = (
        "t-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    )
