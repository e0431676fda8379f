"""From a config to features: load the data, split them, fit the frozen block on the training part, encode."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlab.config import registry
from qlab.config.keys import described
from qlab.config.options.datasets import SplitOptions
from qlab.config.schema import RunConfig
from qlab.data.dataset import DataContext, Dataset, Loader
from qlab.data.splits import Splits, split
from qlab.encoders.cache import Features, encode
from qlab.encoders.encoder import FitContext
from qlab.progress import Progress

_SPLIT_FIELDS = frozenset(field.name for field in dataclasses.fields(SplitOptions))


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


def prepare(config: RunConfig, progress: Progress) -> Task:
    """Load, split and encode the data of ``config``, from the cache where it can.

    Raises:
        RequestError: the data are missing or do not fit the options.
    """
    started = time.perf_counter()
    loader, context = build_loader(config, progress)
    dataset = loader.load(context)
    splits = split(dataset, **split_options(config))
    loaded = time.perf_counter()
    features = encode(
        registry.build(config.encoder.options),
        name=config.encoder.name,
        options=described(config.encoder),
        dataset=dataset,
        train=splits.train,
        val=splits.val,
        test=splits.test,
        context=fit_context(config, loader, context),
        folder=context.cache / "features",
    )
    return Task(dataset, splits, features, {"data": loaded - started, "encoding": time.perf_counter() - loaded})


def build_loader(config: RunConfig, progress: Progress) -> tuple[Loader, DataContext]:
    """Return the dataset's loader and what it may use."""
    loader: Loader = registry.build(config.dataset.options, leave_out=_SPLIT_FIELDS)
    return loader, DataContext(cache=cache_folder(config), download=config.place.download, progress=progress)


def fit_context(config: RunConfig, loader: Loader, context: DataContext) -> FitContext:
    """Return what the frozen block may use while it is fitted."""

    def source(size: int) -> Dataset:
        return loader.load_source(context, size)

    return FitContext(source=source, cache=context.cache, download=config.place.download, progress=context.progress)


def split_options(config: RunConfig) -> dict[str, Any]:
    """Return the sizes and the seed of the split as arguments of ``split``."""
    options = {name: getattr(config.dataset.options, name) for name in _SPLIT_FIELDS}
    return {"seed": options.pop("split_seed"), **options}


def cache_folder(config: RunConfig) -> Path:
    """Return the folder of everything that can be computed or downloaded again."""
    return Path(config.place.output_dir) / "cache"
