"""The config of a run and of an evaluation, with every value typed and in its range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qlab.config.options.option import option
from qlab.config.options.trainer import Trainer


@dataclass(frozen=True)
class Component:
    """A component that a config chose: its registry name and its options (a dataclass)."""

    name: str
    options: Any


@dataclass
class Place:
    """Where files are and go; nothing here changes a result."""

    name: str | None = option(None, "what the run's folder is called")
    output_dir: str = option("outputs", "where results go")
    data_dir: str | None = option(None, "where data files are; also QLAB_DATA_DIR")
    download: bool = option(False, "allow downloads of data and weights")
    threads: int | None = option(
        None, "processor threads; null: all, but one for a head of at most 10 qubits", at_least=1, at_most=1024
    )


@dataclass(frozen=True)
class RunConfig:
    """Everything that defines a training run."""

    dataset: Component
    encoder: Component
    head: Component
    noise: Component
    backend: Component
    trainer: Trainer
    seed: int
    place: Place


@dataclass(frozen=True)
class EvalConfig:
    """Everything that defines an evaluation of a finished run; without a backend it is the run's own with changes."""

    noise: Component
    backend: Component | None
    changes: Mapping[str, Any]
    split: str
    place: Place


@dataclass
class RunScalars(Place):
    """The values of ``train.yaml`` that are no component."""

    seed: int = option(0, "seed of the initial weights and of the batch order", at_least=0, at_most=2**32 - 1)


@dataclass
class EvalScalars(Place):
    """The values of ``eval.yaml`` that are no component."""

    split: str = option("test", "which part to evaluate on", choices=("train", "val", "test"))
