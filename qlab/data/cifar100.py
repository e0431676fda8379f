"""CIFAR-100 from its binary version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from qlab.data.archive import read_members
from qlab.data.dataset import DataContext
from qlab.data.published import CIFAR100, CIFAR100_TEST, CIFAR100_TRAIN, Published
from qlab.data.published_images import Contents, Part, PublishedImages
from qlab.errors import DataError

IMAGE = (3, 32, 32)
RECORD = 2 + 3 * 32 * 32
"""Bytes: the coarse label, the fine label, and the red, green and blue plane, each row by row."""
_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""
_COARSE = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""
LABELS = {"coarse": tuple(_COARSE.split()), "fine": tuple(_FINE.split())}
"""The classes that each label byte of a record counts, in the order of these bytes."""


class Cifar100(PublishedImages):
    """Loader of colour photographs, (N, 3, 32, 32) in [0, 1]; all 60,000 take 0.7 GiB.

    The checksums of the files decide the name: ``cifar100`` for the official ones, ``cifar100-custom`` for any others.

    Args:
        path: the archive, or a folder with it or with train.bin and test.bin; without it they are searched for.
        classes: keep these classes only; they become the labels 0, 1, ... in this order.
        labels: ``fine`` for the 100 classes, ``coarse`` for the 20 they are grouped in.
    """

    release: ClassVar[Published] = CIFAR100
    folder_name = "cifar100"

    def __init__(self, *, path: str | None = None, classes: Sequence[int] | None = None, labels: str = "fine") -> None:
        self.class_names = LABELS[labels]
        self._labels = labels
        super().__init__(path=path, classes=classes)

    def _read(self, context: DataContext) -> Contents:
        members = read_members(self.release, self.folder_name, self._path, context)
        train, test = (
            _records(members.content[name], self._labels, members.place, name)
            for name in (CIFAR100_TRAIN, CIFAR100_TEST)
        )
        return Contents(
            members.name(self.release),
            members.place,
            train,
            test,
            {**members.provenance(), "labels": self._labels},
        )


def _records(content: bytes, labels: str, place: Path, name: str) -> Part:
    if not content or len(content) % RECORD:
        raise DataError(f"{name} in {place} has {len(content)} bytes; it should be records of {RECORD} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    for column, (kind, names) in enumerate(LABELS.items()):
        largest = int(records[:, column].max())
        if largest >= len(names):
            raise DataError(f"{name} in {place} holds the {kind} label {largest}; those are 0 to {len(names) - 1}")
    return Part(records[:, 2:].reshape(-1, *IMAGE), records[:, list(LABELS).index(labels)])
