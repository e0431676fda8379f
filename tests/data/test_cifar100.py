"""CIFAR-100: where each byte of a record goes, both kinds of label, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlab.data import published
from qlab.data.cifar100 import LABELS, RECORD, Cifar100
from qlab.data.dataset import DataContext
from qlab.errors import DataError, DatasetMissing, OptionError
from qlab.files import sha256_file
from tests.data.colour_files import CIFAR, archive_release, cifar_members, photographs, tar_gz, unpack

NOWHERE = DataContext()
MEMBERS = cifar_members()
TRAIN, TEST = f"{CIFAR}/train.bin", f"{CIFAR}/test.bin"


def test_every_byte_of_a_record_goes_where_its_publishers_say(tmp_path: Path) -> None:
    record = bytearray([4, 30])  # an aquatic mammal would be 0; a dolphin
    for channel in range(3):
        for row in range(32):
            for column in range(32):
                record.append(60 * channel + 5 * (row % 8) + column)
    files = {TRAIN: bytes(record) + MEMBERS[TRAIN], TEST: MEMBERS[TEST]}
    dataset = Cifar100(path=str(unpack(tmp_path / "mine", files))).load(NOWHERE)
    channels, rows, columns = np.indices((3, 32, 32))
    np.testing.assert_allclose(dataset.images[0] * 255, 60 * channels + 5 * (rows % 8) + columns, rtol=1e-6)
    assert dataset.classes[dataset.labels[0]] == "dolphin"


def test_photographs_are_scaled_and_test_bin_is_the_official_test(tmp_path: Path) -> None:
    dataset = Cifar100(path=str(unpack(tmp_path / "mine", MEMBERS))).load(NOWHERE)
    assert dataset.images.dtype == np.float32
    assert dataset.images.flags.c_contiguous
    pixels = np.concatenate([photographs(100, 32, 0), photographs(100, 32, 1)])
    np.testing.assert_array_equal(dataset.images, pixels / np.float32(255))
    np.testing.assert_array_equal(dataset.labels, np.arange(200) % 100)
    np.testing.assert_array_equal(dataset.official_test, np.arange(200) >= 100)
    assert dataset.source == "real"
    assert len(set(dataset.classes)) == 100
    assert (dataset.classes[0], dataset.classes[57], dataset.classes[99]) == ("apple", "pear", "worm")


def test_coarse_labels_are_the_first_byte(tmp_path: Path) -> None:
    folder = str(unpack(tmp_path / "mine", MEMBERS))
    dataset = Cifar100(path=folder, labels="coarse", classes=[19, 3]).load(NOWHERE)
    kept = np.isin(np.arange(200) % 20, (3, 19))
    np.testing.assert_array_equal(dataset.labels, np.where((np.arange(200) % 20)[kept] == 19, 0, 1))
    np.testing.assert_array_equal(dataset.images, Cifar100(path=folder).load(NOWHERE).images[kept])
    assert dataset.classes == ("vehicles_2", "food_containers")
    assert dataset.provenance["labels"] == "coarse"
    assert dataset.provenance["classes"] == [19, 3]
    assert len(set(LABELS["coarse"])) == 20


@pytest.mark.parametrize(("labels", "classes"), [("coarse", [0, 20]), ("fine", [0, 100]), ("fine", [-1, 3])])
def test_classes_that_there_are_not_are_refused(labels: str, classes: list[int]) -> None:
    with pytest.raises(OptionError, match=r"different classes of 0 to (19|99)"):
        Cifar100(labels=labels, classes=classes)


def test_the_archive_and_its_files_give_the_same(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "unpacked", MEMBERS)
    (tmp_path / "packed").mkdir()
    archive = tmp_path / "packed" / f"{CIFAR}.tar.gz"
    archive.write_bytes(tar_gz(MEMBERS))
    sets = [Cifar100(path=str(path)).load(NOWHERE) for path in (folder, archive.parent, archive)]
    for dataset in sets[1:]:
        np.testing.assert_array_equal(dataset.images, sets[0].images)
        np.testing.assert_array_equal(dataset.labels, sets[0].labels)
        assert dataset.provenance["files"] == {archive.name: sha256_file(archive)}
    assert sets[0].provenance["files"] == {name: sha256_file(folder / name) for name in ("train.bin", "test.bin")}
    assert {dataset.name for dataset in sets} == {"cifar100-custom"}


def test_checksums_decide_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tar_gz(MEMBERS)
    monkeypatch.setattr(published, "KNOWN", (*published.KNOWN, archive_release("cifar100", MEMBERS, archive)))
    packed = tmp_path / "any.tar.gz"
    packed.write_bytes(archive)
    folder = unpack(tmp_path / "unpacked", MEMBERS)
    repacked = tmp_path / "repacked.tar.gz"
    repacked.write_bytes(tar_gz({**MEMBERS, f"{CIFAR}/readme": b"more"}))
    for path in (packed, folder, repacked):
        dataset = Cifar100(path=str(path)).load(NOWHERE)
        assert dataset.name == "cifar100-subset"
        assert dataset.provenance["origin"] == "made for a test"
    (folder / "test.bin").write_bytes(MEMBERS[TEST][: -50 * RECORD] + MEMBERS[TRAIN][-50 * RECORD :])
    assert Cifar100(path=str(folder)).load(NOWHERE).name == "cifar100-custom"


DAMAGED = {
    "cut": ({TRAIN: MEMBERS[TRAIN][:-1]}, r"train\.bin in .*/mine has 307399 bytes; it should be records of 3074"),
    "empty": ({TEST: b""}, r"test\.bin in .* has 0 bytes"),
    "another format": ({TRAIN: photographs(3, 32, 0).tobytes()}, "it should be records of 3074 bytes"),
    "noise": ({TEST: np.random.default_rng(0).bytes(50 * RECORD)}, r"test\.bin in .* holds the coarse label \d+"),
    "fine label": ({TRAIN: MEMBERS[TRAIN] + bytes([19, 100]) + bytes(3072)}, "the fine label 100; those are 0 to 99"),
    "a class is absent": ({TRAIN: MEMBERS[TRAIN][:RECORD], TEST: MEMBERS[TEST][:RECORD]}, "no image of class 1, 2, 3"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_files_are_refused_in_one_line(damage: str, tmp_path: Path) -> None:
    changed, complaint = DAMAGED[damage]
    with pytest.raises(DataError, match=complaint) as caught:
        Cifar100(path=str(unpack(tmp_path / "mine", {**MEMBERS, **changed}))).load(NOWHERE)
    assert "\n" not in str(caught.value)


def test_labels_of_the_other_kind_are_checked_too(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "mine", {**MEMBERS, TRAIN: MEMBERS[TRAIN] + bytes([20, 0]) + bytes(3072)})
    with pytest.raises(DataError, match="the coarse label 20; those are 0 to 19"):
        Cifar100(path=str(folder)).load(NOWHERE)


def test_a_folder_with_one_of_two_files_is_refused(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "mine", {TRAIN: MEMBERS[TRAIN]})
    with pytest.raises(DatasetMissing, match=r"mine holds a part of cifar100: it lacks test\.bin"):
        Cifar100(path=str(folder)).load(NOWHERE)


def test_the_folder_of_the_archive_has_to_be_given_itself(tmp_path: Path) -> None:
    unpack(tmp_path / "data" / CIFAR, MEMBERS)
    with pytest.raises(DatasetMissing, match=r"to use the files in .*/data/cifar-100-binary, give that folder"):
        Cifar100(path=str(tmp_path / "data")).load(NOWHERE)
    assert len(Cifar100(path=str(tmp_path / "data" / CIFAR)).load(NOWHERE).labels) == 200


def test_there_is_no_source_set() -> None:
    with pytest.raises(DataError, match=r"dataset=cifar100 has no disjoint set .* encoder\.source=train"):
        Cifar100().load_source(NOWHERE, 10)
