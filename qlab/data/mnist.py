"""MNIST and Fashion-MNIST from idx files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from qlab.data.dataset import DataContext
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
from qlab.data.published_images import Contents, Part, PublishedImages
from qlab.errors import DataError
from qlab.files import sha256_file


class Mnist(PublishedImages):
    """Loader of handwritten digits, (N, 1, 28, 28) in [0, 1].

    The checksums of the files decide the name: ``mnist`` for the official ones, ``mnist-subset`` for the registered
    subset, ``mnist-custom`` for any others. ``path`` is the folder of the four idx files.
    """

    release: ClassVar[Published] = MNIST
    folder_name = "mnist"
    class_names = tuple("0123456789")

    def _read(self, context: DataContext) -> Contents:
        files = locate(self.release, self.folder_name, self._path, context)
        name, provenance = self._identify(files)
        train = read_idx_pair(files[TRAIN_IMAGES], files[TRAIN_LABELS])
        test = read_idx_pair(files[TEST_IMAGES], files[TEST_LABELS])
        if train[0].shape[1:] != test[0].shape[1:]:
            raise DataError(f"{files[TRAIN_IMAGES]} and {files[TEST_IMAGES]} hold images of different sizes")
        folder = files[TRAIN_IMAGES].parent
        # (N, H, W) -> (N, 1, H, W)
        return Contents(
            name, folder, Part(train[0][:, np.newaxis], train[1]), Part(test[0][:, np.newaxis], test[1]), provenance
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
