"""MNIST and Fashion-MNIST: what the data are called, which part is the official test, which classes are kept."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from qlab.data import published
from qlab.data.dataset import DataContext
from qlab.data.mnist import FashionMnist, Mnist
from qlab.data.published import TEST_IMAGES, TRAIN_LABELS
from qlab.errors import DataError, DatasetMissing, OptionError
from qlab.files import sha256_file
from tests.data.idx_files import four_files, idx_bytes, release, scans, write_files

NOWHERE = DataContext()


def test_files_without_a_registered_checksum_are_never_called_mnist(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", four_files())
    dataset = Mnist(path=str(folder)).load(NOWHERE)
    assert dataset.name == "mnist-custom"
    assert dataset.source == "real"
    assert dataset.provenance["files"][TEST_IMAGES] == sha256_file(folder / f"{TEST_IMAGES}.gz")
    assert FashionMnist(path=str(folder)).load(NOWHERE).name == "fashion-mnist-custom"


def test_scans_are_scaled_and_the_t10k_files_marked(tmp_path: Path) -> None:
    dataset = Mnist(path=str(write_files(tmp_path / "mine", four_files(40, 20)))).load(NOWHERE)
    (train, train_labels), (test, test_labels) = scans(40, 0), scans(20, 1)
    assert dataset.images.dtype == np.float32
    np.testing.assert_array_equal(dataset.images[:, 0], np.concatenate([train, test]) / np.float32(255))
    np.testing.assert_array_equal(dataset.labels, np.concatenate([train_labels, test_labels]))
    np.testing.assert_array_equal(dataset.official_test, np.arange(60) >= 40)
    assert dataset.classes == tuple("0123456789")


def test_chosen_classes_are_renumbered_in_their_order(tmp_path: Path) -> None:
    folder = str(write_files(tmp_path / "mine", four_files(40, 20)))
    every, pair = Mnist(path=folder).load(NOWHERE), Mnist(path=folder, classes=[6, 3]).load(NOWHERE)
    kept = np.isin(every.labels, (3, 6))
    np.testing.assert_array_equal(pair.images, every.images[kept])
    np.testing.assert_array_equal(pair.labels, np.where(every.labels[kept] == 6, 0, 1))
    assert every.official_test is not None
    np.testing.assert_array_equal(pair.official_test, every.official_test[kept])
    assert pair.classes == ("6", "3")
    assert pair.provenance["classes"] == [6, 3]


@pytest.mark.parametrize("classes", [[], [3], [3, 3]])
def test_classes_have_to_be_two_or_more_different_ones(classes: list[int]) -> None:
    with pytest.raises(OptionError, match="two or more different classes"):
        Mnist(classes=classes)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    files = four_files() | {TRAIN_LABELS: gzip.compress(idx_bytes(np.full(40, 7, np.uint8)))}
    folder = write_files(
        tmp_path / "mine", files | {published.TEST_LABELS: gzip.compress(idx_bytes(scans(20, 1)[1] % 5))}
    )
    with pytest.raises(DataError, match="no image of class 5, 6"):
        Mnist(path=str(folder), classes=[7, 6, 5]).load(NOWHERE)


def test_a_label_that_is_no_class_is_refused(tmp_path: Path) -> None:
    files = four_files() | {TRAIN_LABELS: gzip.compress(idx_bytes(np.full(40, 11, np.uint8)))}
    with pytest.raises(DataError, match="label 11"):
        Mnist(path=str(write_files(tmp_path / "mine", files))).load(NOWHERE)


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    files = four_files() | {TEST_IMAGES: gzip.compress(idx_bytes(np.zeros((20, 3, 3), np.uint8)))}
    with pytest.raises(DataError, match="different sizes"):
        Mnist(path=str(write_files(tmp_path / "mine", files))).load(NOWHERE)


def test_a_folder_with_three_of_four_files_is_refused(tmp_path: Path) -> None:
    files = four_files()
    folder = write_files(tmp_path / "partial", {name: files[name] for name in list(files)[:3]})
    with pytest.raises(DatasetMissing, match="partial, which lacks t10k-labels-idx1-ubyte"):
        Mnist(path=str(folder)).load(NOWHERE)


def test_files_of_another_set_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = four_files()
    monkeypatch.setattr(published, "KNOWN", (release(files),))
    folder = write_files(tmp_path / "mine", files)
    assert Mnist(path=str(folder)).load(NOWHERE).name == "tiny"
    with pytest.raises(DataError, match="mine holds tiny, not fashion-mnist"):
        FashionMnist(path=str(folder)).load(NOWHERE)


def test_there_is_no_source_set() -> None:
    with pytest.raises(DataError, match=r"dataset=fashion_mnist has no disjoint set .* encoder\.source=train"):
        FashionMnist().load_source(NOWHERE, 10)


def test_the_registered_mnist_subset(data_dir: Path) -> None:
    dataset = Mnist(path=str(data_dir / "mnist")).load(NOWHERE)
    assert dataset.name == "mnist-subset"
    assert dataset.images.shape == (9000, 1, 28, 28)
    assert dataset.official_test is not None
    counts = np.bincount(dataset.labels[~dataset.official_test])
    assert counts.tolist() == [694, 776, 724, 699, 686, 638, 676, 706, 676, 725]
    assert dataset.official_test.sum() == 2000
    assert "test set" in dataset.provenance["origin"]


def test_the_registered_fashion_mnist_subset(data_dir: Path) -> None:
    dataset = FashionMnist(path=str(data_dir / "fashion_mnist"), classes=[4, 5]).load(NOWHERE)
    assert dataset.name == "fashion-mnist-subset"
    assert dataset.classes == ("coat", "sandal")
    assert dataset.official_test is not None
    assert np.bincount(dataset.labels).tolist() == [90, 90]
    assert dataset.official_test.sum() == 60


def test_a_changed_subset_loses_its_name(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name in published.FILES:
        (folder / f"{name}.gz").write_bytes((data_dir / "mnist" / f"{name}.gz").read_bytes())
    labels = folder / f"{TRAIN_LABELS}.gz"
    labels.write_bytes(gzip.compress(gzip.decompress(labels.read_bytes())))
    assert Mnist(path=str(folder)).load(NOWHERE).name == "mnist-custom"


def test_mnist_under_the_name_of_fashion_mnist_is_refused(data_dir: Path) -> None:
    with pytest.raises(DataError, match="holds mnist-subset, not fashion-mnist"):
        FashionMnist(path=str(data_dir / "mnist")).load(NOWHERE)
