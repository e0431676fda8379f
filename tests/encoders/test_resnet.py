from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from qlab.data.dataset import FloatArray
from qlab.encoders.backbone import Backbone, channel_statistics
from qlab.encoders.resnet import ResNet
from qlab.errors import OptionError
from tests.encoders.examples import context, stripes


@pytest.mark.parametrize(
    ("depth", "channels", "width", "n_parameters"),
    [(18, 3, 512, 11_176_512), (18, 1, 512, 11_176_512 - 2 * 64 * 49), (50, 3, 2048, 23_508_032)],
)
def test_architecture(depth: int, channels: int, width: int, n_parameters: int) -> None:
    """Parameter counts of the literature without the classifier; one channel drops two thirds of the stem."""
    mean, std = np.zeros(channels, dtype=np.float32), np.ones(channels, dtype=np.float32)
    backbone = Backbone(depth=depth, mean=mean, std=std, seed=0).freeze()
    assert backbone.n_parameters == n_parameters
    assert backbone.pooled(np.zeros((2, channels, 24, 20), dtype=np.float32)).shape == (2, width)


@pytest.mark.parametrize(
    ("projection", "columns", "n_projection"), [("pca", 6, 512 * 6), ("random", 6, 512 * 6), ("trainable", 512, 0)]
)
def test_projections(
    projection: Literal["pca", "random", "trainable"], columns: int, n_projection: int, tmp_path: Path
) -> None:
    train = stripes(32, seed=0, side=24)
    encoder = ResNet(n_features=6, weights="random", projection=projection)
    encoder.fit(train.images, train.labels, context(tmp_path))
    features = encoder.transform(train.images)
    assert features.shape == (32, columns) == (32, encoder.n_outputs)
    assert encoder.n_parameters == 11_170_240 + n_projection
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-4)
    assert features.std(0).max() == pytest.approx(1, abs=1e-4)
    if projection != "trainable":
        np.testing.assert_allclose(features.std(0), 1, atol=1e-4)


def test_projection_on_principal_components_is_uncorrelated_and_gaussian_is_not(tmp_path: Path) -> None:
    train = stripes(32, seed=0, side=24)
    largest = {}
    for projection in ("pca", "random"):
        encoder = ResNet(n_features=4, weights="random", projection=projection)
        encoder.fit(train.images, train.labels, context(tmp_path))
        correlation = np.corrcoef(encoder.transform(train.images).T)
        largest[projection] = np.abs(correlation - np.eye(4)).max()
    assert largest["pca"] < 1e-3 < 1e-2 < largest["random"]


def test_random_control_depends_on_its_seed(tmp_path: Path) -> None:
    train = stripes(32, seed=0)
    features = []
    for seed in (0, 1):
        encoder = ResNet(n_features=4, weights="random", projection="trainable", seed=seed)
        encoder.fit(train.images, train.labels, context(tmp_path))
        features.append(encoder.transform(train.images))
    assert not np.allclose(features[0], features[1], atol=0.1)


def test_frozen_backbone_is_in_evaluation_mode_and_never_updates_its_statistics() -> None:
    images = stripes(40, seed=0, side=24).images
    mean, std = channel_statistics(images)
    backbone = Backbone(depth=18, mean=mean, std=std, seed=0).freeze()
    before = {name: buffer.clone() for name, buffer in backbone.named_buffers()}
    backbone.pooled(images * 9 - 4)
    assert any("running_var" in name for name in before)
    assert all(torch.equal(buffer, before[name]) for name, buffer in backbone.named_buffers())
    assert not any(module.training for module in backbone.modules())
    assert not any(parameter.requires_grad for parameter in backbone.parameters())


def test_pretrained_features_of_new_images_separate_the_classes(tmp_path: Path) -> None:
    train, new = stripes(40, seed=0), stripes(40, seed=1)
    encoder = ResNet(n_features=2, source_size=180, pretrain_epochs=4)
    encoder.fit(train.images, train.labels, context(tmp_path))
    features = encoder.transform(new.images)
    centres = np.stack([encoder.transform(train.images)[train.labels == label].mean(0) for label in (0, 1)])
    nearest = np.linalg.norm(features[:, None] - centres, axis=2).argmin(1)
    assert (nearest == new.labels).mean() > 0.9
    assert encoder.provenance["source_size"] == 180
    assert encoder.provenance["weights"] == "pretrained"


def test_more_features_than_the_training_split_gives_are_refused(tmp_path: Path) -> None:
    train = stripes(8, seed=0)
    with pytest.raises(OptionError, match="n_features=9 is more than the 8"):
        ResNet(n_features=9, weights="random").fit(train.images, train.labels, context(tmp_path))


def test_other_depths_are_refused() -> None:
    with pytest.raises(OptionError, match="18 or 50"):
        ResNet(n_features=4, depth=34)  # type: ignore[arg-type]


def test_weights_path_without_imagenet_is_refused() -> None:
    with pytest.raises(OptionError, match="only with weights=imagenet"):
        ResNet(n_features=4, weights_path="weights.safetensors")


def test_another_width_does_not_run_the_network_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, seen = stripes(16, seed=0, side=24), []
    run = Backbone.pooled

    def watched(backbone: Backbone, images: FloatArray) -> FloatArray:
        seen.append(len(images))
        return run(backbone, images)

    monkeypatch.setattr(Backbone, "pooled", watched)

    def features(width: int, seed: int, images: FloatArray) -> FloatArray:
        encoder = ResNet(n_features=width, weights="random", seed=seed)
        encoder.fit(images, train.labels, context(tmp_path))
        return encoder.transform(images)

    first = features(4, 0, train.images)
    np.testing.assert_array_equal(features(4, 0, train.images), first)
    features(6, 0, train.images)
    assert seen == [16]
    features(4, 1, train.images)  # other weights
    features(4, 0, train.images + 1)  # other images
    assert seen == [16] * 3
    (kept, *_) = sorted((tmp_path / "pooled").glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
    kept.write_bytes(b"damaged")
    np.testing.assert_array_equal(features(4, 0, train.images), first)
    assert seen == [16] * 4
