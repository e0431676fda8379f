"""Every frozen block keeps the contract; and the checks catch blocks that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.encoders.fft_pca import FFTPCA
from qlab.encoders.identity import Identity
from qlab.encoders.pca import PCA
from qlab.encoders.projection import principal
from qlab.encoders.resnet import ResNet
from qlab.encoders.tensor_train import TensorTrain
from qlab.testing.encoders import (
    MakeEncoder,
    check_deterministic,
    check_each_image_alone,
    check_encoder,
    check_features,
    check_frozen,
    check_state,
)
from tests.encoders.examples import context, stripes

ENCODERS: dict[str, MakeEncoder] = {
    "pca": lambda: PCA(n_features=4),
    "pca-unwhitened": lambda: PCA(n_features=4, whiten=False),
    "fft_pca": lambda: FFTPCA(n_features=4),
    "identity": Identity,
    "tensor_train": lambda: TensorTrain(n_features=4, source_size=60, pretrain_epochs=2),
    "tensor_train-on-train": lambda: TensorTrain(n_features=4, source="train", pretrain_epochs=2),
    "resnet-random": lambda: ResNet(n_features=4, weights="random", projection="random"),
    "resnet-trainable": lambda: ResNet(n_features=4, weights="random", projection="trainable"),
    "resnet-pretrained": lambda: ResNet(n_features=4, source_size=40, pretrain_epochs=1),
}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_contract(name: str, channels: int, tmp_path: Path) -> None:
    data = stripes(80, seed=0, channels=channels)
    check_encoder(ENCODERS[name], data, context(tmp_path, channels=channels))


class RefittedPCA(PCA):
    """Fits itself on every batch that is large enough, test images included."""

    def transform(self, images: FloatArray) -> FloatArray:
        if len(images) >= self.n_features:
            self._projection = principal(images.reshape(len(images), -1), self.n_features, whiten=True, seed=0)
        return super().transform(images)


class TrainModeResNet(ResNet):
    """Normalises with the statistics of the batch."""

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        super().fit(images, labels, context)
        assert self._backbone is not None
        self._backbone.train()


class ThawedResNet(ResNet):
    """Leaves its weights trainable."""

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        super().fit(images, labels, context)
        assert self._backbone is not None
        self._backbone.network.embedder.requires_grad_(True)


class UnseededPCA(PCA):
    """Gives every fit another sign."""

    fits = 0

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        super().fit(images, labels, context)
        UnseededPCA.fits += 1

    def transform(self, images: FloatArray) -> FloatArray:
        return super().transform(images) * np.float32(UnseededPCA.fits)


class ForgetfulPCA(PCA):
    """Does not keep its scales."""

    def state(self) -> dict[str, np.typing.NDArray[np.generic]]:
        state = super().state()
        return {**state, "scale": np.ones_like(state["scale"])}


class DoublePrecisionPCA(PCA):
    """Returns float64."""

    def transform(self, images: FloatArray) -> FloatArray:
        return super().transform(images).astype(np.float64)


def test_refitting_on_each_batch_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="batch of"):
        check_each_image_alone(lambda: RefittedPCA(n_features=4), stripes(80, seed=0), context(tmp_path))
    with pytest.raises(AssertionError, match="transform changed"):
        check_frozen(lambda: RefittedPCA(n_features=4), stripes(80, seed=0), context(tmp_path))


def test_batch_norm_in_training_mode_is_caught(tmp_path: Path) -> None:
    def make() -> TrainModeResNet:
        return TrainModeResNet(n_features=4, weights="random")

    data = stripes(80, seed=0, side=40)  # so large that batch norm also accepts a single image
    with pytest.raises(AssertionError, match="alone"):
        check_each_image_alone(make, data, context(tmp_path))
    with pytest.raises(AssertionError, match="running_mean"):
        check_frozen(make, data, context(tmp_path))


def test_trainable_weights_are_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="gradient"):
        check_frozen(lambda: ThawedResNet(n_features=4, weights="random"), stripes(80, seed=0), context(tmp_path))


@pytest.mark.parametrize(
    ("check", "make", "complaint"),
    [
        (check_deterministic, lambda: UnseededPCA(n_features=4), "same seed"),
        (check_state, lambda: ForgetfulPCA(n_features=4), "restored"),
        (check_features, lambda: DoublePrecisionPCA(n_features=4), "float32"),
    ],
)
def test_other_breaches_are_caught(check: object, make: MakeEncoder, complaint: str, tmp_path: Path) -> None:
    assert callable(check)
    with pytest.raises(AssertionError, match=complaint):
        check(make, stripes(80, seed=0), context(tmp_path))


def test_global_random_state_and_threads_are_untouched(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    for name in ("tensor_train", "resnet-pretrained", "resnet-random"):
        encoder = ENCODERS[name]()
        encoder.fit(stripes(40, seed=0).images, stripes(40, seed=0).labels, context(tmp_path))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_modules_are_visible_to_the_frozen_check(tmp_path: Path) -> None:
    encoder = ENCODERS["resnet-random"]()
    encoder.fit(stripes(40, seed=0).images, stripes(40, seed=0).labels, context(tmp_path))
    assert any(isinstance(value, nn.Module) for value in vars(encoder).values())
