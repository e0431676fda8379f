"""STL-10: pixels stand column by column, labels count from 1, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlab.data import published
from qlab.data.dataset import DataContext
from qlab.data.stl10 import Stl10
from qlab.errors import DataError, DatasetMissing
from tests.data.colour_files import STL, archive_release, photographs, stl_members, tar_gz, unpack

NOWHERE = DataContext()
MEMBERS = stl_members()
TRAIN, TRAIN_LABELS = f"{STL}/train_X.bin", f"{STL}/train_y.bin"
TEST_LABELS = f"{STL}/test_y.bin"


def test_every_byte_of_an_image_goes_where_its_publishers_say(tmp_path: Path) -> None:
    image = bytearray()
    for channel in range(3):
        for column in range(96):
            for row in range(96):
                image.append(60 * channel + 5 * (row % 12) + column % 5)
    files = {**MEMBERS, TRAIN: bytes(image) + MEMBERS[TRAIN], TRAIN_LABELS: bytes([8]) + MEMBERS[TRAIN_LABELS]}
    dataset = Stl10(path=str(unpack(tmp_path / "mine", files))).load(NOWHERE)
    channels, rows, columns = np.indices((3, 96, 96))
    np.testing.assert_allclose(dataset.images[0] * 255, 60 * channels + 5 * (rows % 12) + columns % 5, rtol=1e-6)
    assert dataset.classes[dataset.labels[0]] == "monkey"


def test_photographs_are_scaled_and_the_test_files_are_the_official_test(tmp_path: Path) -> None:
    dataset = Stl10(path=str(unpack(tmp_path / "mine", MEMBERS))).load(NOWHERE)
    assert dataset.images.dtype == np.float32
    assert dataset.images.flags.c_contiguous
    pixels = np.concatenate([photographs(40, 96, 1), photographs(20, 96, 0)])
    np.testing.assert_array_equal(dataset.images, pixels / np.float32(255))
    np.testing.assert_array_equal(dataset.labels, np.concatenate([np.arange(40) % 10, np.arange(20) % 10]))
    np.testing.assert_array_equal(dataset.official_test, np.arange(60) >= 40)
    assert (dataset.classes[0], dataset.classes[9]) == ("airplane", "truck")
    assert dataset.name == "stl10-custom"


def test_chosen_classes_are_renumbered_in_their_order(tmp_path: Path) -> None:
    folder = str(unpack(tmp_path / "mine", MEMBERS))
    every, pair = Stl10(path=folder).load(NOWHERE), Stl10(path=folder, classes=[9, 0]).load(NOWHERE)
    kept = np.isin(every.labels, (0, 9))
    np.testing.assert_array_equal(pair.images, every.images[kept])
    np.testing.assert_array_equal(pair.labels, np.where(every.labels[kept] == 9, 0, 1))
    assert pair.classes == ("truck", "airplane")


def test_checksums_decide_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tar_gz(MEMBERS)
    monkeypatch.setattr(published, "KNOWN", (*published.KNOWN, archive_release("stl10", MEMBERS, archive)))
    packed = tmp_path / f"{STL}.tar.gz"
    packed.write_bytes(archive)
    folder = unpack(tmp_path / "unpacked", MEMBERS)
    for path in (tmp_path, packed, folder):
        assert Stl10(path=str(path)).load(NOWHERE).name == "stl10-subset"
    labels = folder / "test_y.bin"
    labels.write_bytes(labels.read_bytes()[::-1])
    assert Stl10(path=str(folder)).load(NOWHERE).name == "stl10-custom"


DAMAGED = {
    "cut": ({TRAIN: MEMBERS[TRAIN][:-1]}, r"train_X\.bin in .* has 1105919 bytes; it should be images of 27648"),
    "empty": ({TRAIN: b"", TRAIN_LABELS: b""}, r"train_X\.bin in .* has 0 bytes"),
    "labels are cut": (
        {TEST_LABELS: MEMBERS[TEST_LABELS][:-1]},
        "test_X.bin has 20 images but test_y.bin has 19 labels",
    ),
    "label 0": ({TRAIN_LABELS: bytes(40)}, "hold the label 0; labels are 1 to 10"),
    "label 11": ({TEST_LABELS: bytes([11] * 20)}, "hold the label 11; labels are 1 to 10"),
    "a class is absent": ({TRAIN_LABELS: bytes([1, 2] * 20), TEST_LABELS: bytes([1] * 20)}, "no image of class 2, 3"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_files_are_refused_in_one_line(damage: str, tmp_path: Path) -> None:
    changed, complaint = DAMAGED[damage]
    with pytest.raises(DataError, match=complaint) as caught:
        Stl10(path=str(unpack(tmp_path / "mine", {**MEMBERS, **changed}))).load(NOWHERE)
    assert "\n" not in str(caught.value)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    files = {name: content for name, content in MEMBERS.items() if "_X" in name}
    with pytest.raises(DatasetMissing, match=r"mine holds a part of stl10: it lacks train_y\.bin, test_y\.bin"):
        Stl10(path=str(unpack(tmp_path / "mine", files))).load(NOWHERE)


def test_there_is_no_source_set() -> None:
    with pytest.raises(DataError, match="dataset=stl10 has no disjoint set"):
        Stl10().load_source(NOWHERE, 10)
