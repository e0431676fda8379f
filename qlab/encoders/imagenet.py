"""ImageNet weights of ResNet-18 and ResNet-50: where they lie and how they are loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from qlab.encoders.backbone import Backbone
from qlab.errors import DataError, DatasetMissing, OptionError

_HUB = {18: "microsoft/resnet-18", 50: "microsoft/resnet-50"}
_FILE = "model.safetensors"
_STEM = "embedder.embedder.convolution.weight"
_RGB_MEAN, _RGB_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SECONDS_TO_ANSWER = 2.0


def imagenet_file(depth: int, weights_path: str | None, *, download: bool) -> Path:
    """Return the safetensors file with the weights of a ResNet.

    It is ``weights_path`` (the file, or a folder written by ``save_pretrained``), else what the Hugging Face cache
    holds, else, with ``download``, fetched from the hub.

    Raises:
        DatasetMissing: it is in none of these places, or the hub does not answer within two seconds.
    """
    if weights_path is None:
        return _from_hub(depth, download=download)
    path = Path(weights_path)
    file = path / _FILE if path.is_dir() else path
    if not file.is_file():
        raise DatasetMissing(
            f"weights_path: there is no file {file}; it must be a safetensors file of a ResNet-{depth} or a folder "
            f"with a {_FILE}, as transformers' save_pretrained writes it"
        )
    return file


def imagenet_backbone(depth: int, channels: int, file: Path) -> Backbone:
    """Return a frozen backbone with the weights of ``file``, for images of 1 or 3 channels.

    Images are standardised with ImageNet's channel statistics. For one channel, three-channel weights of the first
    convolution are summed over their input channels, which equals showing the network a grey RGB image, and the
    statistics are averaged.

    Raises:
        OptionError: images have neither 1 nor 3 channels.
        DataError: the file is not a ResNet of this depth.
    """
    if channels not in (1, 3):
        raise OptionError(f"weights=imagenet needs images with 1 or 3 channels, not {channels}")
    mean, std = np.array(_RGB_MEAN, dtype=np.float32), np.array(_RGB_STD, dtype=np.float32)
    if channels == 1:
        mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
    backbone = Backbone(depth=depth, mean=mean, std=std, seed=0)
    weights = _read(file)
    if channels == 1 and _STEM in weights:
        weights[_STEM] = weights[_STEM].sum(dim=1, keepdim=True)
    _check_architecture(weights, backbone.network.state_dict(), f"{file} is not a ResNet-{depth}")
    backbone.network.load_state_dict(weights)
    return backbone.freeze()


def _from_hub(depth: int, *, download: bool) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository = _HUB[depth]
    try:
        return Path(hf_hub_download(repository, _FILE, local_files_only=True))
    except LocalEntryNotFoundError as error:
        if not download:
            raise DatasetMissing(_missing(repository, "it is not in the Hugging Face cache")) from error
    try:
        # hf_hub_download repeats failed requests for half a minute, so ask once whether anybody answers
        get_hf_file_metadata(hf_hub_url(repository, _FILE), timeout=_SECONDS_TO_ANSWER)
    except Exception as error:  # the hub's HTTP client has its own exceptions, which change with its version
        raise DatasetMissing(_missing(repository, f"the hub cannot be reached: {error}")) from error
    return Path(hf_hub_download(repository, _FILE))


def _missing(repository: str, why: str) -> str:
    return (
        f"weights=imagenet: no {_FILE} of {repository} ({why}); run once with download=true and a network, or set "
        f"weights_path to that file, or use weights=pretrained"
    )


def _read(file: Path) -> dict[str, Tensor]:
    """Return a network's weights without the prefix and the classifier that full models add."""
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise DataError(f"{file} is not a safetensors file ({error}); write one with save_pretrained") from error
    names = {name: name.removeprefix("resnet.") for name in tensors if not name.startswith("classifier.")}
    return {short: tensors[name] for name, short in names.items()}


def _check_architecture(found: dict[str, Tensor], wanted: dict[str, Tensor], complaint: str) -> None:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            raise DataError(f"{complaint}: it has no tensor {name}")
        if name not in wanted:
            raise DataError(f"{complaint}: it has a tensor {name} too many")
        if found[name].shape != wanted[name].shape:
            shapes = f"{_shape(found[name])} instead of {_shape(wanted[name])}"
            raise DataError(f"{complaint}: {name} has shape {shapes}")


def _shape(tensor: torch.Tensor) -> str:
    return "x".join(str(size) for size in tensor.shape) or "scalar"
