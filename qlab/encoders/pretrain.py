"""Trains a ResNet on a source task once and keeps the weights under the hash of everything that made them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from qlab.arrays import digest, read_arrays, write_arrays
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.backbone import Backbone, channel_statistics
from qlab.encoders.supervised import Schedule, train_classifier
from qlab.errors import CorruptFileError
from qlab.progress import Progress

_VERSION = 1
"""Raise it whenever the same source and schedule would give other weights."""


@dataclass(frozen=True)
class Pretrained:
    """Weights of a pre-trained backbone on disk.

    Attributes:
        path: the safetensors file.
        key: hash of architecture, schedule and source images: the file's name.
        source_accuracy: accuracy on held-out source images, in [0, 1].
        epochs: passes over the source images.
        source_size: source images, with the held-out ones.
        cached: the weights were found, not trained now.
    """

    path: Path
    key: str
    source_accuracy: float
    epochs: int
    source_size: int
    cached: bool


def pretrain_resnet(
    images: FloatArray, labels: IntArray, *, depth: int, schedule: Schedule, folder: Path, progress: Progress
) -> Pretrained:
    """Return a ResNet trained to classify source images (N, C, H, W), from ``folder`` if it has been done before.

    Processes that want the same weights at the same time train them once. A damaged file is made again.

    Raises:
        DataError: there are fewer than three images.
        DivergedError: the loss is not finite.
    """
    source = digest({"images": images, "labels": labels})
    facts: dict[str, object] = {"version": _VERSION, "depth": depth, "schedule": asdict(schedule), "source": source}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    path = folder / f"{key}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{key}.lock"):
        accuracy = _known_accuracy(path, progress)
        cached = accuracy is not None
        if accuracy is None:
            accuracy = _train(images, labels, depth, schedule, path, facts, progress)
    return Pretrained(path, key, accuracy, schedule.epochs, len(images), cached)


def load_pretrained(path: Path) -> Backbone:
    """Return the frozen backbone of a file that ``pretrain_resnet`` wrote; raises ``CorruptFileError``."""
    arrays, facts = read_arrays(path)
    return Backbone.from_arrays(facts["depth"], arrays)


def _known_accuracy(path: Path, progress: Progress) -> float | None:
    try:
        return float(read_arrays(path)[1]["source_accuracy"])
    except FileNotFoundError:
        return None
    except CorruptFileError as error:
        progress.say(f"{error}; training it again")
        return None


def _train(
    images: FloatArray,
    labels: IntArray,
    depth: int,
    schedule: Schedule,
    path: Path,
    facts: Mapping[str, object],
    progress: Progress,
) -> float:
    mean, std = channel_statistics(images)
    backbone = Backbone(depth=depth, mean=mean, std=std, seed=schedule.seed)
    task = f"pre-training ResNet-{depth} on {len(images)} source images"
    accuracy = train_classifier(backbone, backbone.width, images, labels, schedule, progress, task)
    write_arrays(path, backbone.arrays(), {**facts, "source_accuracy": accuracy})
    return accuracy
