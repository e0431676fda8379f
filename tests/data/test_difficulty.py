"""How hard the diagrams are: lines have to be seen, no mean image or gradient may tell the classes apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from qlab.data.dataset import DataContext, Dataset, FloatArray
from qlab.data.diagrams import Task
from qlab.data.dot_parameters import Preset
from qlab.data.quantum_dot import QuantumDot

N_TRAIN, N_TEST = 1000, 500


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> DataContext:
    return DataContext(cache=tmp_path_factory.mktemp("cache"))


def diagrams(task: Task, preset: Preset, context: DataContext) -> Dataset:
    return QuantumDot(seed=11, size=N_TRAIN + N_TEST, task=task, preset=preset).load(context)


def accuracy(features: FloatArray, dataset: Dataset, n_components: int) -> float:
    flat = features.reshape(len(features), -1)
    model = make_pipeline(PCA(n_components, random_state=0), StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(flat[:N_TRAIN], dataset.labels[:N_TRAIN])
    return float(model.score(flat[N_TRAIN:], dataset.labels[N_TRAIN:]))


def log_power(images: FloatArray) -> FloatArray:
    half = images.shape[-1] // 2 + 1
    return np.log(np.abs(np.fft.fft2(images)[..., :half]) ** 2 + 1e-6).astype(np.float32)


@pytest.mark.parametrize("n_components", [4, 16])
def test_principal_components_cannot_tell_scattered_diagrams_apart(n_components: int, context: DataContext) -> None:
    dataset = diagrams("binary", "scattered", context)
    assert accuracy(dataset.images, dataset, n_components) <= 0.56


def test_spatial_frequencies_can(context: DataContext) -> None:
    dataset = diagrams("binary", "scattered", context)
    assert accuracy(log_power(dataset.images), dataset, 16) >= 0.88


def test_anchored_windows_give_themselves_away(context: DataContext) -> None:
    dataset = diagrams("binary", "anchored", context)
    assert accuracy(dataset.images, dataset, 16) >= 0.65
    assert accuracy(log_power(dataset.images), dataset, 16) >= 0.9


def test_hard_diagrams_are_harder(context: DataContext) -> None:
    dataset = diagrams("binary", "hard", context)
    assert accuracy(dataset.images, dataset, 4) <= 0.56
    assert 0.6 <= accuracy(log_power(dataset.images), dataset, 16) <= 0.82


def test_five_classes_differ_in_their_lines_too(context: DataContext) -> None:
    dataset = diagrams("five_class", "scattered", context)
    assert accuracy(dataset.images, dataset, 4) <= 0.35
    assert accuracy(log_power(dataset.images), dataset, 16) >= 0.85
