from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from qlab.data.dataset import Dataset, FloatArray, IntArray
from qlab.encoders.cache import Features, encode, load_fitted
from qlab.encoders.encoder import FitContext
from qlab.encoders.pca import PCA
from qlab.encoders.pixels import Pixels
from qlab.encoders.tensor_train import TensorTrain
from qlab.errors import CorruptFileError
from tests.encoders.examples import Listener, context, stripes

TRAIN, VAL, TEST = np.arange(0, 40), np.arange(40, 50), np.arange(50, 60)


class CountedPCA(PCA):
    """Leaves a mark for every fit and every transform."""

    def __init__(self, marks: Path, **options: Any) -> None:
        super().__init__(**options)
        self.marks = marks

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        self._mark("fit")
        super().fit(images, labels, context)

    def transform(self, images: FloatArray) -> FloatArray:
        self._mark("transform")
        return super().transform(images)

    def _mark(self, what: str) -> None:
        with self.marks.open("a") as file:
            file.write(f"{what}\n")


class SlowPCA(CountedPCA):
    """Takes long enough for two processes to meet."""

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        super().fit(images, labels, context)
        time.sleep(1)


class OtherVersion(PCA):
    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        return {"version": 2}


def run(
    folder: Path,
    dataset: Dataset | None = None,
    *,
    encoder: PCA | Pixels | None = None,
    options: Mapping[str, object] | None = None,
    name: str = "pca",
    listener: Listener | None = None,
    train: IntArray = TRAIN,
    val: IntArray = VAL,
) -> Features:
    return encode(
        encoder or PCA(n_features=3),
        name=name,
        options=options or {"n_features": 3},
        dataset=dataset or stripes(60, seed=0),
        train=train,
        val=val,
        test=TEST,
        context=context(folder, progress=listener),
        folder=folder,
    )


def changed(dataset: Dataset, index: int) -> Dataset:
    images = dataset.images.copy()
    images[index, 0, 5, 5] += 0.25
    return replace(dataset, images=images)


def test_features_are_those_of_the_encoder(tmp_path: Path) -> None:
    data = stripes(60, seed=0)
    features = run(tmp_path, data)
    encoder = PCA(n_features=3)
    encoder.fit(data.images[TRAIN], data.labels[TRAIN], context(tmp_path))
    for part, indices in (("train", TRAIN), ("val", VAL), ("test", TEST)):
        np.testing.assert_array_equal(getattr(features, part), encoder.transform(data.images[indices]))
    assert features.n_parameters == encoder.n_parameters


def test_second_time_computes_nothing(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    first = run(tmp_path, encoder=CountedPCA(marks, n_features=3))
    once = marks.read_text()
    second = run(tmp_path, encoder=CountedPCA(marks, n_features=3))
    assert (first.cached, second.cached) == (False, True)
    assert marks.read_text() == once == "fit\ntransform\ntransform\ntransform\n"
    for part in ("train", "val", "test"):
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part))
    assert (first.key, first.n_parameters) == (second.key, second.n_parameters)
    assert first.provenance == second.provenance


def test_provenance_survives_the_cache(tmp_path: Path) -> None:
    def tensor_train() -> Features:
        return encode(
            TensorTrain(n_features=4, source_size=30, pretrain_epochs=1),
            name="tensor_train",
            options={"n_features": 4},
            dataset=stripes(60, seed=0),
            train=TRAIN,
            val=VAL,
            test=TEST,
            context=context(tmp_path),
            folder=tmp_path,
        )

    first, second = tensor_train(), tensor_train()
    assert second.cached
    assert second.provenance == first.provenance
    assert second.provenance["source_size"] == 30


@pytest.mark.parametrize("index", [TRAIN[3], VAL[3], TEST[3]])
def test_a_changed_image_misses(index: int, tmp_path: Path) -> None:
    first = run(tmp_path)
    second = run(tmp_path, changed(stripes(60, seed=0), index))
    assert not second.cached
    assert second.key != first.key


def fit_of(features: Features) -> Path:
    assert features.state_path is not None
    return features.state_path


@pytest.mark.parametrize("index", [VAL[3], TEST[3]])
def test_fit_sees_the_training_images_only(index: int, tmp_path: Path) -> None:
    first = run(tmp_path / "a")
    second = run(tmp_path / "b", changed(stripes(60, seed=0), index))
    np.testing.assert_array_equal(first.train, second.train)
    assert fit_of(first).read_bytes() == fit_of(second).read_bytes()


def test_other_test_images_reuse_the_fit(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    first = run(tmp_path, encoder=CountedPCA(marks, n_features=3))
    second = run(tmp_path, changed(stripes(60, seed=0), 55), encoder=CountedPCA(marks, n_features=3))
    assert fit_of(first) == fit_of(second)
    assert marks.read_text().count("fit") == 1
    assert not np.array_equal(first.test[5], second.test[5])
    np.testing.assert_array_equal(np.delete(first.test, 5, 0), np.delete(second.test, 5, 0))


def test_pixels_are_handed_on_without_a_file(tmp_path: Path) -> None:
    data = stripes(60, seed=0)
    features = run(tmp_path, data, encoder=Pixels(), name="pixels", options={})
    assert features.state_path is None
    assert not list(tmp_path.glob("*.safetensors"))
    np.testing.assert_array_equal(features.test, data.images[TEST].reshape(len(TEST), -1))


def test_every_other_dependence_misses(tmp_path: Path) -> None:
    data = stripes(60, seed=0)
    flipped = data.labels.copy()
    flipped[3] = 1 - flipped[3]
    runs = [
        run(tmp_path),
        run(tmp_path, options={"n_features": 3, "seed": 1}),
        run(tmp_path, name="other"),
        run(tmp_path, encoder=OtherVersion(n_features=3)),
        run(tmp_path, replace(data, labels=flipped)),
        run(tmp_path, train=TRAIN[::-1].copy()),
        run(tmp_path, val=VAL[:-1]),
    ]
    assert [features.cached for features in runs] == [False] * len(runs)
    assert len({features.key for features in runs}) == len(runs)


@pytest.mark.parametrize(("source", "cached"), [("generated", False), ("train", True)])
def test_another_source_misses_where_it_is_used(
    source: Literal["generated", "train"], cached: bool, tmp_path: Path
) -> None:
    def tensor_train(seed: int) -> Features:
        return encode(
            TensorTrain(n_features=2, source=source, source_size=20, pretrain_epochs=1),
            name="tensor_train",
            options={},
            dataset=stripes(60, seed=0),
            train=TRAIN,
            val=VAL,
            test=TEST,
            context=context(tmp_path, seed=seed),
            folder=tmp_path,
        )

    tensor_train(1000)
    assert tensor_train(1000).cached
    assert tensor_train(2000).cached == cached


def test_labels_outside_the_training_split_do_not_matter(tmp_path: Path) -> None:
    data = stripes(60, seed=0)
    labels = data.labels.copy()
    labels[TEST] = 1 - labels[TEST]
    run(tmp_path, data)
    assert run(tmp_path, replace(data, labels=labels)).cached


def test_empty_validation_part(tmp_path: Path) -> None:
    empty = np.zeros(0, dtype=np.int64)
    run(tmp_path, val=empty)
    features = run(tmp_path, val=empty)
    assert features.cached
    assert features.val.shape == (0, 3)


@pytest.mark.parametrize("position", [4, -3])
@pytest.mark.parametrize("suffix", ["features", "state"])
def test_damage_is_said_and_repaired(position: int, suffix: str, tmp_path: Path) -> None:
    first = run(tmp_path)
    (path,) = tmp_path.glob(f"*.{suffix}.safetensors")
    intact = path.read_bytes()
    content = bytearray(intact)
    content[position] ^= 0xFF
    path.write_bytes(content)
    listener = Listener()
    second = run(tmp_path, listener=listener)
    assert not second.cached
    np.testing.assert_array_equal(first.test, second.test)
    assert path.read_bytes() == intact
    assert listener.messages
    assert all("\n" not in message for message in listener.messages)
    assert run(tmp_path).cached


def test_truncated_and_lost_files_are_made_again(tmp_path: Path) -> None:
    first = run(tmp_path)
    fit_of(first).unlink()
    assert not run(tmp_path).cached
    (path,) = tmp_path.glob("*.features.safetensors")
    path.write_bytes(path.read_bytes()[:-40])
    assert not run(tmp_path).cached
    assert run(tmp_path).cached


def test_fitted_encoder_is_recovered_for_new_images(tmp_path: Path) -> None:
    features = run(tmp_path)
    encoder = PCA(n_features=3)
    load_fitted(encoder, fit_of(features))
    np.testing.assert_array_equal(encoder.transform(stripes(60, seed=0).images[TEST]), features.test)
    fit_of(features).write_bytes(b"nonsense")
    with pytest.raises(CorruptFileError, match="damaged"):
        load_fitted(encoder, fit_of(features))


def slow_run(folder: Path) -> bool:
    return run(folder, encoder=SlowPCA(folder / "marks", n_features=3)).cached


def test_two_processes_compute_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        cached = pool.map(slow_run, [tmp_path, tmp_path], chunksize=1)
    assert sorted(cached) == [False, True]
    assert (tmp_path / "marks").read_text().count("fit") == 1


def test_nothing_but_whole_files_is_left(tmp_path: Path) -> None:
    run(tmp_path)
    assert sorted(path.name.partition(".")[2] for path in tmp_path.iterdir()) == [
        "features.safetensors",
        "lock",
        "state.safetensors",
    ]
