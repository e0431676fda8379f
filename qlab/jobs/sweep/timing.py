"""A training or an evaluation, timed by a few of its steps on random features."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import nn

from qlab.arrays import read_arrays, write_arrays
from qlab.backends.base import Backend
from qlab.config import registry
from qlab.config.conditions import as_trained
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import JobError, RequestError
from qlab.heads.head import Head, Solved, Staged
from qlab.jobs import threads
from qlab.jobs.journal import Journal
from qlab.jobs.loaded_data import LOADED
from qlab.jobs.model import build_backend, build_model, input_shape, training_backend
from qlab.jobs.prepare import load_data
from qlab.jobs.sweep.log import Log
from qlab.jobs.sweep.task import TRAINING
from qlab.progress import Silent
from qlab.records.store import RunFolder
from qlab.training.trainer import EVALUATION_BATCH, OPTIMIZERS, Examples, Trainer, predict

FEW = 4
TIMES = 4
SHORT = 0.5
AFFORDABLE = 3.0
EPOCHS = 10
TINY = 1e-12
Step = Callable[[int], object]


@dataclass(frozen=True)
class _Facts:
    """What of the data decides how long a run takes: inputs of the model, number of classes, examples in each split."""

    shape: tuple[int, ...]
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
    return _Facts(input_shape(config, data.dataset), len(data.dataset.classes), sizes)


class _Stopwatch:
    """Times a run of ``config`` on data of which ``facts`` are known, waiting until ``deadline`` at most."""

    def __init__(self, config: RunConfig, facts: _Facts, deadline: float) -> None:
        self._config, self._facts, self._deadline = config, facts, deadline

    def training(self) -> float:
        """Return the seconds of a training: its steps, values for validation and test, and the end of every epoch."""
        sizes, trainer = self._facts.sizes, self._config.trainer
        batch = min(trainer.batch_size, sizes["train"])
        trained = as_trained(self._config)
        model = self._model(trained, training_backend(trained))
        if isinstance(model, Solved):
            return 0.0  # next to what is trained
        rate: dict[str, Any] = {"lr": 0.0}  # leaves the weights as they are
        optimizer = OPTIMIZERS[trainer.optimizer](model.parameters(), **rate)

        def step(size: int) -> None:
            labels = torch.arange(size) % self._facts.n_classes
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(self._features(model, size)), labels).backward()
            optimizer.step()

        steps = trainer.epochs * sizes["train"] / batch * self._timed(step, batch)
        values = ((trainer.epochs + 1) * sizes["val"] + sizes["test"]) * self._per_example(model, sizes["val"])
        own = _quickest(step, FEW)
        rest = self._end_of_epoch(model, own) if own <= SHORT / EPOCHS else 0.0
        passes = model.n_starts * model.n_stages if isinstance(model, Staged) else 1
        return passes * (steps + values + trainer.epochs * rest)

    def _end_of_epoch(self, model: Head, step: float) -> float:
        """Return the seconds that an epoch takes besides its steps and values: the log and a checkpoint on the disk.

        They are those of a training that goes on after half of its epochs, less a ``step`` on a few examples. Where it
        cannot be tried out, 0.
        """
        still = dataclasses.replace(self._config.trainer, lr=TINY, min_lr=0.0, weight_decay=0.0)
        options = dataclasses.replace(still, schedule="constant", patience=None)  # a cycle has an end to go beyond
        done = max(options.epochs // 2, 1)
        known = Examples(self._features(model, FEW), torch.arange(FEW) % self._facts.n_classes)
        with (
            suppress(OSError, JobError),
            tempfile.TemporaryDirectory(prefix=".timing-", dir=_disk_of(self._config)) as name,
        ):
            folder = RunFolder(Path(name))
            journal = Journal(Log(folder.path / "points.log"))
            journal.open(folder)

            def train(epochs: int) -> None:
                chosen = dataclasses.replace(options, epochs=epochs)
                trainer: Trainer = registry.build(chosen, leave_out=frozenset({"gradient", "noise_aware"}))
                trainer.fit(model, known, known, seed=0, checkpoint=folder.checkpoint, identity="", progress=journal)

            train(1)
            _lengthen(folder.checkpoint, done)
            seconds = _clocked(train, done + EPOCHS)
            return max(seconds / EPOCHS - step, 0.0)
        return 0.0

    def evaluation(self) -> float:
        """Return the seconds of an evaluation of the test part."""
        config, examples = self._config, self._facts.sizes["test"]
        model = self._model(config, build_backend(config.backend, config.noise, compare=True))
        return examples * self._per_example(model, examples)

    def _model(self, config: RunConfig, backend: Backend) -> Head:
        model = build_model(config, backend, self._facts.shape, self._facts.n_classes)
        threads.for_head(config, model)
        return model

    def _features(self, model: Head, size: int) -> torch.Tensor:
        """Return random features (size, n_inputs), the same each time."""
        return model.trial_features(size, math.prod(self._facts.shape), torch.Generator().manual_seed(0))

    def _per_example(self, model: Head, examples: int) -> float:
        batch = max(1, min(EVALUATION_BATCH, examples))
        return self._timed(lambda size: predict(model, self._features(model, size)), batch) / batch

    def _timed(self, step: Step, batch: int) -> float:
        """Return the seconds of a step on ``batch`` examples."""
        few = min(FEW, batch)
        first = _clocked(step, few)  # what is compiled or cached is so from here on, and may be all that took long
        in_proportion = (_clocked if first > AFFORDABLE else _quickest)(step, few) * batch / few
        if in_proportion <= AFFORDABLE:
            return _quickest(step, batch)
        # What an evolution of the weights costs, all examples share: a batch takes less than its part.
        return _waited_for(step, batch, self._deadline - time.monotonic()) or in_proportion


def _lengthen(checkpoint: Path, epochs: int) -> None:
    """Make a checkpoint of one epoch one of so many."""
    arrays, meta = read_arrays(checkpoint)
    history = [{**meta["history"][0], "epoch": epoch} for epoch in range(1, epochs + 1)]
    write_arrays(checkpoint, arrays, {**meta, "history": history})


def _disk_of(config: RunConfig) -> Path:
    """Return a folder on the disk that results go to."""
    output_dir = Path(config.place.output_dir).absolute()
    return next(folder for folder in (output_dir, *output_dir.parents) if folder.is_dir())


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
        with suppress(Exception):  # a batch that memory has no room for says so when it is run
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
