from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from qlab.encoders.encoder import FitContext
from qlab.encoders.imagenet import imagenet_backbone, imagenet_file
from qlab.encoders.resnet import ResNet
from qlab.errors import DataError, DatasetMissing, OptionError
from tests.encoders.examples import context, stripes


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``save_pretrained`` writes it: ResNet-18 with a classifier, three channels, random weights."""
    from transformers import ResNetConfig, ResNetForImageClassification

    folder = tmp_path_factory.mktemp("resnet-18")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = ResNetConfig(
            layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], embedding_size=64
        )
        ResNetForImageClassification(config).save_pretrained(folder)
    return folder


def test_colour_features_equal_those_of_transformers(saved: Path) -> None:
    from transformers import ResNetModel

    images = stripes(6, seed=0, side=32, channels=3).images
    reference = ResNetModel.from_pretrained(saved).eval()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.inference_mode():
        expected = reference((torch.from_numpy(images) - mean) / std).pooler_output.flatten(1)
    backbone = imagenet_backbone(18, 3, imagenet_file(18, str(saved), download=False))
    np.testing.assert_allclose(backbone.pooled(images), expected, rtol=1e-4, atol=1e-4)


def test_grey_images_see_what_a_grey_colour_image_would(saved: Path) -> None:
    """Summing the first convolution over its inputs equals repeating a standardised channel three times."""
    grey = stripes(6, seed=0, side=32).images
    file = imagenet_file(18, str(saved), download=False)
    one, three = imagenet_backbone(18, 1, file), imagenet_backbone(18, 3, file)
    three.mean[:], three.std[:] = one.mean, one.std
    np.testing.assert_allclose(one.pooled(grey), three.pooled(grey.repeat(3, axis=1)), rtol=1e-4, atol=1e-4)
    assert one.mean.item() == pytest.approx(0.449, abs=1e-3)


@pytest.mark.parametrize("as_file", [True, False])
def test_encoder_reads_a_folder_or_a_file(as_file: bool, saved: Path, tmp_path: Path) -> None:
    train = stripes(20, seed=0, side=24)
    path = saved / "model.safetensors" if as_file else saved
    encoder = ResNet(n_features=3, weights="imagenet", weights_path=str(path))
    encoder.fit(train.images, train.labels, context(tmp_path))
    assert encoder.transform(train.images).shape == (20, 3)
    assert encoder.provenance["weights_sha256"] == encoder.cache_facts(context(tmp_path))["weights_sha256"]


def test_other_weights_have_another_cache_fact(saved: Path, tmp_path: Path) -> None:
    weights = load_file(saved / "model.safetensors")
    weights["resnet.embedder.embedder.convolution.weight"][0, 0, 0, 0] += 1
    save_file(weights, tmp_path / "changed.safetensors")
    facts = [
        ResNet(n_features=3, weights="imagenet", weights_path=str(path)).cache_facts(context(tmp_path))
        for path in (saved, tmp_path / "changed.safetensors")
    ]
    assert facts[0] != facts[1]


def test_wrong_architecture_is_named(saved: Path, tmp_path: Path) -> None:
    file = imagenet_file(18, str(saved), download=False)
    with pytest.raises(DataError, match=r"is not a ResNet-50: .*"):
        imagenet_backbone(50, 3, file)
    weights = load_file(file)
    name = "resnet.encoder.stages.3.layers.1.layer.1.normalization.running_mean"
    save_file({key: tensor for key, tensor in weights.items() if key != name}, tmp_path / "short.safetensors")
    with pytest.raises(DataError, match=f"has no tensor {name.removeprefix('resnet.')}"):
        imagenet_backbone(18, 3, tmp_path / "short.safetensors")
    save_file({**weights, name: torch.zeros(3)}, tmp_path / "shape.safetensors")
    with pytest.raises(DataError, match="shape 3 instead of 512"):
        imagenet_backbone(18, 3, tmp_path / "shape.safetensors")
    save_file({**weights, "resnet.extra": torch.zeros(3)}, tmp_path / "extra.safetensors")
    with pytest.raises(DataError, match="tensor extra too many"):
        imagenet_backbone(18, 3, tmp_path / "extra.safetensors")


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"not safetensors at all")
    with pytest.raises(DataError, match="is not a safetensors file"):
        imagenet_backbone(18, 3, tmp_path / "weights.bin")


def test_channels_other_than_one_or_three_are_refused(saved: Path) -> None:
    with pytest.raises(OptionError, match="1 or 3 channels, not 4"):
        imagenet_backbone(18, 4, saved / "model.safetensors")


def test_a_missing_path_says_what_it_should_be(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(DatasetMissing, match=r"safetensors file of a ResNet-18 or a folder"):
            imagenet_file(18, str(path), download=False)


@pytest.mark.parametrize("download", [False, True])
def test_offline_is_answered_quickly_with_advice(
    download: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{revision}/{filename}")
    train = stripes(8, seed=0)
    encoder = ResNet(n_features=3, weights="imagenet")
    started = time.perf_counter()
    with pytest.raises(DatasetMissing, match=r"microsoft/resnet-18.*weights_path"):
        encoder.fit(
            train.images, train.labels, FitContext(source=lambda size: stripes(size, seed=1), download=download)
        )
    assert time.perf_counter() - started < 2
