"""A training or an evaluation, timed by a few of its steps on random features."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import nn

from qlab.backends.base import Backend
from qlab.config.conditions import as_trained
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import RequestError
from qlab.heads.head import Head
from qlab.jobs import threads
from qlab.jobs.loaded_data import LOADED
from qlab.jobs.model import build_backend, build_model, feature_width, training_backend
from qlab.jobs.prepare import load_data
from qlab.jobs.sweep.task import TRAINING
from qlab.progress import Silent
from qlab.training.trainer import EVALUATION_BATCH, predict

FEW = 4
TIMES = 4
SHORT = 0.5
AFFORDABLE = 3.0
Step = Callable[[int], object]


@dataclass(frozen=True)
class _Facts:
    """What of the data decides how long a run takes: number of features and of classes, examples in each split."""

    width: int
    n_classes: int
    sizes: Mapping[str, int]


def measure(document: str) -> str:
    """Time the ``stage`` of a ``config``; return the ``seconds`` it takes, or what is ``wrong`` with it, all JSON.

    Its data are loaded, but not encoded. A batch that seems to take longer than a few seconds is waited for up to
    ``patience`` seconds, and then estimated from fewer examples. Work that fails in another way than by a wrong request
    takes 0 seconds: it says why when it is run.
    """
    task: dict[str, Any] = json.loads(document)
    LOADED.keep()
    try:
        config = run_config(OmegaConf.create(task["config"]))
        with _threads_as_before():
            stopwatch = _Stopwatch(config, _facts(config), time.monotonic() + task["patience"])
            seconds = stopwatch.training() if task["stage"] == TRAINING else stopwatch.evaluation()
        return json.dumps({"seconds": seconds, "wrong": None})
    except RequestError as error:
        return json.dumps({"seconds": 0.0, "wrong": str(error)})
    except Exception:
        return json.dumps({"seconds": 0.0, "wrong": None})


def _facts(config: RunConfig) -> _Facts:
    data = load_data(config, Silent())
    sizes = {part: len(getattr(data.splits, part)) for part in ("train", "val", "test")}
    return _Facts(feature_width(config, data.dataset), len(data.dataset.classes), sizes)


class _Stopwatch:
    """Times a run of ``config`` on data of which ``facts`` are known, waiting until ``deadline`` at most."""

    def __init__(self, config: RunConfig, facts: _Facts, deadline: float) -> None:
        self._config, self._facts, self._deadline = config, facts, deadline

    def training(self) -> float:
        """Return the seconds of a training: a step for each batch, and values for validation and test."""
        sizes, trainer = self._facts.sizes, self._config.trainer
        batch = min(trainer.batch_size, sizes["train"])
        trained = as_trained(self._config)
        model = self._model(trained, training_backend(trained))

        def step(size: int) -> None:
            labels = torch.arange(size) % self._facts.n_classes
            nn.functional.cross_entropy(model(self._features(size)), labels).backward()

        steps = trainer.epochs * sizes["train"] / batch * self._timed(step, batch)
        return steps + ((trainer.epochs + 1) * sizes["val"] + sizes["test"]) * self._per_example(model, sizes["val"])

    def evaluation(self) -> float:
        """Return the seconds of an evaluation of the test part."""
        config, examples = self._config, self._facts.sizes["test"]
        model = self._model(config, build_backend(config.backend, config.noise, compare=True))
        return examples * self._per_example(model, examples)

    def _model(self, config: RunConfig, backend: Backend) -> Head:
        model = build_model(config, backend, self._facts.width, self._facts.n_classes)
        threads.for_head(config, model)
        return model

    def _features(self, size: int) -> torch.Tensor:
        """Return random features (size, width), the same each time."""
        return torch.randn(size, self._facts.width, generator=torch.Generator().manual_seed(0))

    def _per_example(self, model: Head, examples: int) -> float:
        batch = max(1, min(EVALUATION_BATCH, examples))
        return self._timed(lambda size: predict(model, self._features(size)), batch) / batch

    def _timed(self, step: Step, batch: int) -> float:
        """Return the seconds of a step on ``batch`` examples."""
        few = min(FEW, batch)
        first = _clocked(step, few)  # what is compiled or cached is so from here on
        in_proportion = (first if first > AFFORDABLE else _quickest(step, few)) * batch / few
        if in_proportion <= AFFORDABLE:
            return _quickest(step, batch)
        # What an evolution of the weights costs, all examples share: a batch takes less than its part.
        return _waited_for(step, batch, self._deadline - time.monotonic()) or in_proportion


def _quickest(step: Step, size: int) -> float:
    """Return the seconds of the quickest of a few steps: the first may compile, and others share the processor."""
    seconds: list[float] = []
    while len(seconds) < TIMES and sum(seconds) < SHORT:
        seconds.append(_clocked(step, size))
    return min(seconds)


def _clocked(step: Step, size: int) -> float:
    started = time.perf_counter()
    step(size)
    return time.perf_counter() - started


def _waited_for(step: Step, size: int, patience: float) -> float | None:
    """Return the seconds of a step; None after ``patience`` seconds, when it is left to its process."""
    if patience <= 0:
        return None
    seconds: list[float] = []
    n_threads = torch.get_num_threads()

    def timed() -> None:
        torch.set_num_threads(n_threads)  # each thread has a number of its own
        seconds.append(_quickest(step, size))

    thread = threading.Thread(target=timed, daemon=True)
    thread.start()
    thread.join(patience)
    return seconds[0] if seconds else None


@contextmanager
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
