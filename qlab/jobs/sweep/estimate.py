"""How long the tasks of a sweep take, measured before they run.

Of tasks that differ by nothing that takes time, one is timed. What could take the process with it, a large circuit or
somebody else's component, is timed in a process of its own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from statistics import mean
from typing import Any

from qlab.config.conditions import as_trained
from qlab.config.keys import described
from qlab.config.schema import RunConfig
from qlab.errors import RequestError
from qlab.jobs.sweep.points import describe
from qlab.jobs.sweep.task import EVALUATION, TRAINING, Task
from qlab.jobs.sweep.timing import measure
from qlab.jobs.training import config_values, plugins
from qlab.launchers.base import Answer, WorkersLost
from qlab.launchers.joblib import Joblib

BUDGET = 30.0
PATIENCE = 25.0
HARMLESS_QUBITS = 10
_SEEDS = ("seed", "split_seed")
_UNKNOWN = '{"seconds": 0.0, "wrong": null}'


def estimate(tasks: Sequence[Task], threads: int | None) -> dict[str, float]:
    """Return how many seconds each task takes in one worker, by its id; 0 where it cannot be timed.

    Data are loaded, but their encoding is not counted. After half a minute of timing, the mean of a stage stands for
    the rest of it.

    Args:
        tasks: what is to run.
        threads: of a worker; None for what a task takes by itself.

    Raises:
        RequestError: the data of a task are missing, or do not fit its options or its head.
    """
    kinds: dict[str, Task] = {}
    kind_of: dict[str, str] = {}
    for task in tasks:
        kind_of[task.id] = json.dumps([task.stage, _what_takes_time(task)], sort_keys=True, default=str)
        kinds.setdefault(kind_of[task.id], task)
    harmless = {kind: _is_harmless(task.config) for kind, task in kinds.items()}
    timed: dict[str, float] = {}
    for here in (True, False):
        chosen = {kind: task for kind, task in kinds.items() if harmless[kind] is here}
        documents = [_document(task, threads, patience=0.0 if here else PATIENCE) for task in chosen.values()]
        with closing(_measured_here(documents) if here else _measured_elsewhere(documents, threads)) as answers:
            timed |= _within_budget(chosen, answers)
    means = {
        stage: _mean(timed[kind] for kind in timed if kinds[kind].stage == stage) for stage in (TRAINING, EVALUATION)
    }
    return {task.id: timed.get(kind_of[task.id], means[task.stage]) for task in tasks}


def together(seconds: Sequence[float], workers: int) -> float:
    """Return how long tasks take that so many workers share: none less than the longest of them."""
    return max(sum(seconds) / workers, max(seconds, default=0.0))


def _within_budget(kinds: Mapping[str, Task], answers: Iterator[str]) -> dict[str, float]:
    """Return the seconds of each kind whose answer comes in time."""
    timed: dict[str, float] = {}
    started = time.monotonic()
    for kind, task in kinds.items():
        if time.monotonic() - started > BUDGET:
            break
        answer: dict[str, Any] = json.loads(next(answers))
        if answer["wrong"] is not None:
            where = f"at {describe(task.values)}: " if task.values else ""
            raise RequestError(f"{where}{answer['wrong']}")
        timed[kind] = answer["seconds"]
    return timed


def _measured_here(documents: Sequence[str]) -> Generator[str, None, None]:
    yield from map(measure, documents)


def _measured_elsewhere(documents: Sequence[str], threads: int | None) -> Generator[str, None, None]:
    """Yield the answers of another process, and of a new one after each that died."""
    launcher, position = Joblib(workers=1, threads=threads or os.cpu_count() or 1), 0
    while position < len(documents):
        try:
            with closing(launcher.run(measure, documents[position:])) as outcomes:
                for outcome in outcomes:
                    position += 1
                    yield outcome.answer if isinstance(outcome, Answer) else _UNKNOWN
        except WorkersLost:
            position += 1
            yield _UNKNOWN


def _document(task: Task, threads: int | None, patience: float) -> str:
    values = {**config_values(task.config), "threads": task.config.place.threads or threads}
    return json.dumps({"stage": task.stage, "config": values, "patience": patience})


def _is_harmless(config: RunConfig) -> bool:
    """Return whether nothing of it can end the process: it is qlab's own, and small."""
    return not plugins(config) and getattr(config.head.options, "n_qubits", 0) <= HARMLESS_QUBITS


def _what_takes_time(task: Task) -> dict[str, Any]:
    """Return what of a task decides how long it takes."""
    config = as_trained(task.config) if task.stage == TRAINING else task.config
    parts = {group: described(getattr(config, group)) for group in ("dataset", "encoder", "head", "noise", "backend")}
    lean = {group: {key: value for key, value in part.items() if key not in _SEEDS} for group, part in parts.items()}
    trainer = dataclasses.asdict(config.trainer)
    return {
        **lean,
        "trainer": [trainer[name] for name in ("epochs", "batch_size", "optimizer", "gradient", "noise_aware")],
    }


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return mean(listed) if listed else 0.0
