"""The loader of charge-stability diagrams: scaling, cache, source set, and the files of the course."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from qlab.data.dataset import DataContext, Dataset
from qlab.data.quantum_dot import QuantumDot
from qlab.errors import DataError, DatasetMissing, OptionError
from qlab.files import sha256_file

T = TypeVar("T")
SIZE, SIDE = 6, 12


class Recorder:
    """Notes what was reported."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.lines: list[str] = []

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        self.labels.append(f"{label} {total}")
        yield from items

    def say(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def context(tmp_path: Path, recorder: Recorder) -> DataContext:
    return DataContext(cache=tmp_path / "cache", progress=recorder)


def small(**options: object) -> QuantumDot:
    return QuantumDot(**{"size": SIZE, "resolution": SIDE, **options})  # type: ignore[arg-type]


def cached_file(context: DataContext) -> Path:
    (path,) = (context.cache / "data").iterdir()
    return path


def test_what_is_loaded(context: DataContext) -> None:
    dataset = small().load(context)
    assert (dataset.name, dataset.source) == ("quantum_dot", "synthetic")
    assert dataset.images.shape == (SIZE, 1, SIDE, SIDE)
    assert dataset.images.dtype == np.float32
    assert dataset.labels.dtype == np.int64
    assert dataset.classes == ("single", "double")
    assert dataset.official_test is None
    assert dataset.provenance["generator_version"] == "1"
    assert dataset.provenance["preset"] == "scattered"


def test_the_defaults_are_those_of_the_paper_sized_set(context: DataContext, recorder: Recorder) -> None:
    loader = QuantumDot()
    assert loader.load(context).images.shape == (2800, 1, 50, 50)
    assert recorder.labels == ["generating diagrams 2800"]


def test_five_classes_have_names(context: DataContext) -> None:
    dataset = small(task="five_class").load(context)
    assert dataset.classes == ("no_dot", "left", "central", "right", "double")


def test_images_are_standardised_one_by_one(context: DataContext) -> None:
    images = small().load(context).images
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(images.std(axis=(1, 2, 3)), 1, rtol=1e-5)


def test_without_scaling_the_conductance_stays(context: DataContext) -> None:
    images = small(scaling="none", images="clean").load(context).images
    assert 0 < images.min() < images.max() <= 1


def test_a_second_load_reads_the_cache(context: DataContext, recorder: Recorder) -> None:
    first = small().load(context)
    second = small().load(context)
    small(images="clean", scaling="none").load(context)
    np.testing.assert_array_equal(first.images, second.images)
    assert recorder.labels == [f"generating diagrams {SIZE}"]
    cached_file(context)


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"size": 7}, {"task": "five_class"}, {"preset": "hard"}, {"noise": 2.0}, {"resolution": 13}],
)
def test_other_options_have_another_cache_entry(
    change: dict[str, object], context: DataContext, recorder: Recorder
) -> None:
    small().load(context)
    small(**change).load(context)
    assert len(recorder.labels) == len(list((context.cache / "data").iterdir())) == 2


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "other arrays", "other shape", "garbage"])
def test_a_damaged_cache_file_is_replaced(damage: str, context: DataContext, recorder: Recorder) -> None:
    expected = small().load(context).images
    path = cached_file(context)
    content = path.read_bytes()
    if damage in ("other arrays", "other shape"):
        with np.load(path, allow_pickle=False) as arrays:
            kept = {name: arrays[name] for name in arrays if damage == "other shape" or name != "clean"}
        np.savez(path, **{name: array[:-1] for name, array in kept.items()})
    else:
        flipped = content[:2000] + bytes([content[2000] ^ 1]) + content[2001:]
        replacements = {"empty": b"", "truncated": content[:-100], "flipped": flipped, "garbage": b"garbage" * 99}
        path.write_bytes(replacements[damage])
    np.testing.assert_array_equal(small().load(context).images, expected)
    assert recorder.lines == [f"{path} is damaged: generating it again"]
    assert path.read_bytes() == content


def test_the_source_set_is_clean_and_shares_no_image(context: DataContext) -> None:
    loader = small(images="clean", seed=3)
    ours, source = loader.load(context), loader.load_source(context, 8)
    assert source.images.shape == (8, 1, SIDE, SIDE)
    assert source.classes == ours.classes
    assert source.provenance["images"] == "clean"
    assert source.provenance["stream"] == "source"
    seen = {image.tobytes() for image in ours.images}
    assert seen.isdisjoint(image.tobytes() for image in source.images)
    np.testing.assert_array_equal(small(images="noisy", seed=3).load_source(context, 8).images, source.images)


def write_course_files(folder: Path, labels: object = (0, 1, 1, 0), side: tuple[int, int] = (9, 9)) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "csds.npy", rng.random((4, *side)))
    np.save(folder / "csds_noiseless.npy", rng.random((4, *side)))
    np.save(folder / "labels.npy", np.asarray(labels))
    return folder


@pytest.mark.parametrize(("images", "file"), [("noisy", "csds.npy"), ("clean", "csds_noiseless.npy")])
def test_the_files_of_the_course(images: str, file: str, tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course", labels=[0.0, 1.0, 1.0, 0.0])
    dataset = small(path=str(folder), images=images, scaling="none").load(context)
    assert (dataset.name, dataset.source) == ("mlqe_2023_edx", "synthetic")
    assert dataset.classes == ("class 0", "class 1")
    np.testing.assert_array_equal(dataset.images[:, 0], np.load(folder / file).astype(np.float32))
    np.testing.assert_array_equal(dataset.labels, [0, 1, 1, 0])
    assert dataset.provenance["files"][file] == sha256_file(folder / file)
    assert not context.cache.exists()


def test_a_source_set_for_the_course_is_generated_in_its_size(tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course")
    source = small(path=str(folder)).load_source(context, 3)
    assert source.images.shape == (3, 1, 9, 9)
    assert source.provenance["generator_version"] == "1"
    assert source.provenance["origin"] == "generated: the files of mlqe_2023_edx have no disjoint set"


def test_a_constant_image_becomes_zero(tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course")
    np.save(folder / "csds.npy", np.full((4, 9, 9), 0.1, np.float32))
    assert not small(path=str(folder)).load(context).images.any()


def loaded(folder: Path, context: DataContext) -> Dataset:
    return small(path=str(folder)).load(context)


def test_missing_course_files_are_named(tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course")
    (folder / "labels.npy").unlink()
    with pytest.raises(DatasetMissing, match=r"no labels\.npy in .*course: put the three files"):
        loaded(folder, context)


@pytest.mark.parametrize("kind", ["pickle", "object array", "empty", "truncated", "archive"])
def test_what_is_no_plain_array_is_refused(kind: str, tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course")
    path = folder / "csds.npy"
    if kind == "pickle":
        path.write_bytes(pickle.dumps([1, 2]))
    elif kind == "object array":
        np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)
    elif kind == "archive":
        np.savez(path.with_suffix(".npz"), a=np.zeros(2))
        path.with_suffix(".npz").replace(path)
    else:
        path.write_bytes(b"" if kind == "empty" else path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"csds\.npy is (not a plain \.npy array|an archive)") as caught:
        loaded(folder, context)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "array", "complaint"),
    [
        ("csds.npy", np.zeros((4, 81)), "shape \\(4, 81\\); it should be numbers \\(N, height, width\\)"),
        ("csds.npy", np.full((4, 9, 9), np.nan), "not finite"),
        ("csds.npy", np.full((4, 9, 9), "x"), "it should be numbers"),
        ("csds.npy", np.zeros((0, 9, 9)), "it should be numbers"),
        ("labels.npy", np.zeros(5), "should be \\(4,\\)"),
        ("labels.npy", np.array([0, 1, 2, 0]), "the labels 0 and 1 alone"),
        ("labels.npy", np.array(["0", "1", "1", "0"]), "the labels 0 and 1 alone"),
    ],
)
def test_wrong_shapes_and_values_are_named(
    file: str,
    array: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    complaint: str,
    tmp_path: Path,
    context: DataContext,
) -> None:
    folder = write_course_files(tmp_path / "course")
    np.save(folder / file, array)
    with pytest.raises(DataError, match=complaint):
        loaded(folder, context)


def test_the_course_has_two_classes() -> None:
    with pytest.raises(OptionError, match="task=five_class needs generated diagrams"):
        small(path="anywhere", task="five_class")


def test_a_source_set_needs_square_diagrams(tmp_path: Path, context: DataContext) -> None:
    folder = write_course_files(tmp_path / "course", side=(9, 8))
    with pytest.raises(OptionError, match="9 x 8"):
        small(path=str(folder)).load_source(context, 3)
