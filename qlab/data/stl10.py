"""The labelled images of STL-10 from its binary version."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from qlab.data.archive import Members, read_members
from qlab.data.dataset import DataContext
from qlab.data.published import (
    STL10,
    STL10_TEST_IMAGES,
    STL10_TEST_LABELS,
    STL10_TRAIN_IMAGES,
    STL10_TRAIN_LABELS,
    Published,
)
from qlab.data.published_images import Contents, Part, PublishedImages
from qlab.errors import DataError

IMAGE = (3, 96, 96)


class Stl10(PublishedImages):
    """Loader of colour photographs, (N, 3, 96, 96) in [0, 1]; all 13,000 take 1.3 GiB.

    The checksums of the files decide the name: ``stl10`` for the official ones, ``stl10-custom`` for any others. The
    files count classes from 1, ``classes`` counts them from 0. ``path`` is the archive, or a folder with the archive
    or with train_X.bin, train_y.bin, test_X.bin and test_y.bin. The unlabelled images and the published folds are left
    alone.
    """

    release: ClassVar[Published] = STL10
    folder_name = "stl10"
    first_label = 1
    class_names = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

    def _read(self, context: DataContext) -> Contents:
        members = read_members(self.release, self.folder_name, self._path, context)
        return Contents(
            members.name(self.release),
            members.place,
            _part(members, STL10_TRAIN_IMAGES, STL10_TRAIN_LABELS),
            _part(members, STL10_TEST_IMAGES, STL10_TEST_LABELS),
            members.provenance(),
        )


def _part(members: Members, images: str, labels: str) -> Part:
    pixels, numbers = (np.frombuffer(members.content[name], np.uint8) for name in (images, labels))
    if not len(pixels) or len(pixels) % math.prod(IMAGE):
        raise DataError(
            f"{images} in {members.place} has {len(pixels)} bytes; it should be images of {math.prod(IMAGE)} bytes"
        )
    columns = pixels.reshape(-1, *IMAGE)  # (N, C, W, H): column by column
    if len(columns) != len(numbers):
        raise DataError(f"{members.place}: {images} has {len(columns)} images but {labels} has {len(numbers)} labels")
    return Part(columns.transpose(0, 1, 3, 2), numbers)
