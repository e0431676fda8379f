"""What the points of a sweep take: trainings, each once, then evaluations of what was trained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlab.config.conditions import as_trained
from qlab.config.grid import Plain
from qlab.config.schema import RunConfig
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.points import Point
from qlab.jobs.train import run_name
from qlab.jobs.training import config_values
from qlab.records.store import run_folder

TRAINING, EVALUATION = "training", "evaluation"


@dataclass(frozen=True)
class Task:
    """A training or an evaluation that points of a sweep need.

    Attributes:
        stage: ``training`` or ``evaluation``.
        id: what tells it from every other task: its keys.
        config: of a point that needs it; for a training without what acts at evaluation only.
        values: of the swept keys that all points share which need it.
        answers: how many points it answers.
    """

    stage: str
    id: str
    train_key: str
    evaluation_key: str
    config: RunConfig
    values: Mapping[str, Plain]
    answers: int

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of its training, which is there while that is begun and not finished."""
        return run_folder(Path(self.config.place.output_dir), run_name(self.config), self.train_key).checkpoint


def trainings(points: Iterable[Point]) -> list[Task]:
    """Return the trainings that ``points`` need, each once, in the order of the points."""
    together: dict[str, list[Point]] = {}
    for point in points:
        together.setdefault(point.train_key, []).append(point)
    return [
        Task(
            TRAINING,
            key,
            key,
            "",
            as_trained(sharing[0].config),
            _shared([point.values for point in sharing]),
            sum(not point.evaluation_key for point in sharing),
        )
        for key, sharing in together.items()
    ]


def evaluations(points: Iterable[Point]) -> list[Task]:
    """Return the evaluations that ``points`` need, each once, in the order of the points."""
    together: dict[str, list[Point]] = {}
    for point in points:
        if point.evaluation_key:
            together.setdefault(point.id, []).append(point)
    return [
        Task(
            EVALUATION,
            name,
            sharing[0].train_key,
            sharing[0].evaluation_key,
            sharing[0].config,
            _shared([point.values for point in sharing]),
            len(sharing),
        )
        for name, sharing in together.items()
    ]


def document(
    task: Task, folder: SweepFolder, session: str, threads: int | None, *, force: bool, in_process: bool
) -> str:
    """Return a task as the JSON document that a worker carries out; ``in_process``: that of the sweep is the worker."""
    values: dict[str, Any] = {
        "stage": task.stage,
        "config": config_values(task.config),
        "state": str(folder.state(task.id)),
        "log": str(folder.log(task.id)),
        "checkpoint": str(task.checkpoint),
        "session": session,
        "force": force,
        "in_process": in_process,
    }
    values["config"]["threads"] = task.config.place.threads or threads
    return json.dumps(values)


def _shared(values: Sequence[Mapping[str, Plain]]) -> dict[str, Plain]:
    return {name: value for name, value in values[0].items() if all(other[name] == value for other in values[1:])}
