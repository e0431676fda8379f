"""From a config to features: load the data, split them, fit the frozen block on the training part, encode."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.config import registry
from qlab.config.keys import described
from qlab.config.options.datasets import SplitOptions
from qlab.config.schema import RunConfig
from qlab.data.dataset import DataContext, Dataset, Loader
from qlab.data.splits import Splits, split
from qlab.encoders.cache import Features, encode
from qlab.encoders.encoder import Encoder, FitContext
from qlab.encoders.trainable import TrainableEncoder
from qlab.evaluation.families import by_family
from qlab.evaluation.metrics import measure
from qlab.jobs.loaded_data import LOADED, Loaded
from qlab.progress import Progress

_SPLIT_FIELDS = frozenset(field.name for field in dataclasses.fields(SplitOptions))


@dataclass(frozen=True, eq=False)
class Data:
    """Images and labels, and who is in which part.

    Attributes:
        dataset: all examples.
        splits: the parts.
        source: gives examples to pre-train on.
        seconds: time spent.
    """

    dataset: Dataset
    splits: Splits
    source: FitContext
    seconds: float


@dataclass(frozen=True, eq=False)
class Task:
    """What a head is trained on.

    Attributes:
        dataset: the images and labels.
        splits: who is in which part.
        features: the parts, encoded.
        seconds: time spent on ``data`` and on ``encoding``.
    """

    dataset: Dataset
    splits: Splits
    features: Features
    seconds: dict[str, float]

    @cached_property
    def features_sha256(self) -> str:
        """Hash of the features of all three parts."""
        parts = (self.features.train, self.features.val, self.features.test)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    def metrics(self, part: str, logits: NDArray[np.floating]) -> dict[str, Any]:
        """Return the metrics of a part from logits (N, n_classes), by name; with the accuracy by family, if any."""
        index, data = getattr(self.splits, part), self.dataset
        labels = data.labels[index]
        found = dataclasses.asdict(measure(logits, labels))
        if data.families is None:
            return found
        families = by_family(logits, labels, data.families[index], data.family_names)
        return {**found, "families": {name: dataclasses.asdict(family) for name, family in families.items()}}


def load_data(config: RunConfig, progress: Progress) -> Data:
    """Load and split the data of ``config``.

    Raises:
        RequestError: the data are missing or do not fit the options.
    """
    started = time.perf_counter()
    loader: Loader = registry.build(config.dataset.options, leave_out=_SPLIT_FIELDS)
    cache = Path(config.place.output_dir) / "cache"
    context = DataContext(cache=cache, download=config.place.download, progress=progress)

    def load() -> Loaded:
        dataset = loader.load(context)
        return dataset, split(dataset, **_split_options(config))

    dataset, splits = LOADED.find(lambda: json.dumps([described(config.dataset), str(cache.absolute())]), load)

    def source(size: int) -> Dataset:
        return loader.load_source(context, size)

    fit_context = FitContext(source=source, cache=cache, download=config.place.download, progress=progress)
    return Data(dataset, splits, fit_context, time.perf_counter() - started)


def encode_data(config: RunConfig, data: Data) -> Task:
    """Fit the frozen block on the training part and encode all parts, from the cache where they are in it.

    Raises:
        RequestError: the block does not fit the images, or its weights are missing.
        DivergedError: its pre-training failed.
    """
    started = time.perf_counter()
    encoder: Encoder = registry.build(config.encoder.options)
    hands_on_pixels = isinstance(encoder, TrainableEncoder)  # the same ones whatever its options
    features = encode(
        encoder,
        name="pixels" if hands_on_pixels else config.encoder.name,
        options={} if hands_on_pixels else described(config.encoder),
        dataset=data.dataset,
        train=data.splits.train,
        val=data.splits.val,
        test=data.splits.test,
        context=data.source,
        folder=data.source.cache / "features",
    )
    seconds = {"data": data.seconds, "encoding": time.perf_counter() - started}
    return Task(data.dataset, data.splits, features, seconds)


def _split_options(config: RunConfig) -> dict[str, Any]:
    """Return the sizes and the seed of the split as arguments of ``split``."""
    options = {name: getattr(config.dataset.options, name) for name in _SPLIT_FIELDS}
    return {"seed": options.pop("split_seed"), **options}
