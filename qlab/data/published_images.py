"""Images that their publishers divided into a training and a test part, from bytes to a dataset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import DataContext, Dataset, FloatArray
from qlab.errors import DataError, OptionError

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Part:
    """Images of one part as they are in a file.

    Attributes:
        pixels: (N, C, H, W), 0 to 255; any strides.
        labels: (N,), as the files number them.
    """

    pixels: Bytes
    labels: Bytes


@dataclass(frozen=True, eq=False)
class Contents:
    """What the files of a set hold.

    Attributes:
        name: what these files really are.
        place: where they are, for messages.
        train: the part to train on.
        test: the part that is reserved for testing.
        provenance: JSON-able facts for the record.
    """

    name: str
    place: Path
    train: Part
    test: Part
    provenance: dict[str, Any]


class PublishedImages(ABC):
    """Base of the loaders of such sets; a subclass reads the files.

    Args:
        path: where the files are; without it they are searched for.
        classes: keep these classes only, counted from 0; they become the labels 0, 1, ... in this order.
    """

    folder_name: ClassVar[str]
    first_label: ClassVar[int] = 0
    class_names: tuple[str, ...]

    def __init__(self, *, path: str | None = None, classes: Sequence[int] | None = None) -> None:
        self._path = path
        self._classes = chosen_classes(classes, len(self.class_names))

    @abstractmethod
    def _read(self, context: DataContext) -> Contents:
        """Return what the files hold; raises as ``load`` does."""

    def load(self, context: DataContext) -> Dataset:
        """Return the images of the chosen classes, those of the test part marked as official test.

        Raises:
            DatasetMissing: the files are not on this machine.
            DataError: a file is damaged or belongs to another dataset.
        """
        contents = self._read(context)
        parts = (contents.train, contents.test)
        labels = np.concatenate([part.labels for part in parts])
        self._check_labels(labels, contents.place)
        position = np.full(256, -1, np.int64)
        position[np.array(self._classes) + self.first_label] = np.arange(len(self._classes))
        numbered = position[labels]
        kept = numbered >= 0
        official_test = np.arange(len(labels)) >= len(contents.train.labels)
        return Dataset(
            name=contents.name,
            source="real",
            images=_scaled([part.pixels for part in parts], kept),
            labels=numbered[kept],
            classes=tuple(self.class_names[c] for c in self._classes),
            official_test=official_test[kept],
            provenance={**contents.provenance, "classes": list(self._classes)},
        )

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Raise ``DataError``: there is no second set of these images."""
        raise DataError(
            f"dataset={self.folder_name} has no disjoint set to pre-train on: use encoder.source=train, or an encoder "
            "that needs no pre-training (pca, identity)"
        )

    def _check_labels(self, labels: Bytes, place: Path) -> None:
        found = set(labels.tolist())
        known = range(self.first_label, self.first_label + len(self.class_names))
        if unknown := sorted(found - set(known)):
            raise DataError(f"the files in {place} hold the label {unknown[0]}; labels are {known[0]} to {known[-1]}")
        if absent := sorted(c for c in self._classes if c + self.first_label not in found):
            raise DataError(f"the files in {place} hold no image of class {', '.join(map(str, absent))}")


def _scaled(parts: Sequence[Bytes], kept: NDArray[np.bool_]) -> FloatArray:
    """Return the pixels of what is ``kept``, in [0, 1]; in single precision they are in memory only once."""
    images = np.empty((int(kept.sum()), *parts[0].shape[1:]), np.float32)  # (N, C, H, W)
    free, mask = images, kept
    for pixels in parts:
        chosen, mask = pixels[mask[: len(pixels)]], mask[len(pixels) :]
        np.divide(chosen, np.float32(255), out=free[: len(chosen)])
        free = free[len(chosen) :]
    return images


def chosen_classes(classes: Sequence[int] | None, n_known: int) -> tuple[int, ...]:
    """Return the classes to keep of ``n_known``, all where none are chosen.

    Raises:
        OptionError: a class twice, fewer than two, or one that does not exist.
    """
    chosen = tuple(range(n_known)) if classes is None else tuple(classes)
    if len(set(chosen)) != len(chosen) or len(chosen) < 2 or set(chosen) - set(range(n_known)):
        raise OptionError(
            f"dataset.classes={list(chosen)} should be two or more different classes of 0 to {n_known - 1}"
        )
    return chosen
