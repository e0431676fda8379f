"""The points of a grid, all of them composed and checked before the first one runs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qlab.config.composer import Composer
from qlab.config.conditions import as_trained, evaluation_of
from qlab.config.grid import Grid, Plain
from qlab.config.keys import LENGTH, evaluation_key, training_key
from qlab.config.schema import Component, RunConfig
from qlab.config.validate import run_config
from qlab.errors import QlabError, RequestError
from qlab.jobs.model import check_parts
from qlab.jobs.train import run_name
from qlab.records.store import RunFolder, run_folder


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        values: of the swept keys.
        config: its validated config.
        train_key: key of the training that it needs.
        evaluation_key: key of the evaluation of that training which answers it; empty where the training does.
    """

    values: Mapping[str, Plain]
    config: RunConfig
    train_key: str
    evaluation_key: str

    @property
    def id(self) -> str:
        """What tells its work from that of other points: its keys. Points that are computed alike share it."""
        return f"{self.train_key}-{self.evaluation_key}" if self.evaluation_key else self.train_key

    @property
    def folder(self) -> RunFolder:
        """The folder of its training, looked up anew: another process may have made it under another name."""
        return run_folder(self.output_dir, run_name(self.config), self.train_key)

    @property
    def output_dir(self) -> Path:
        """Where results go."""
        return Path(self.config.place.output_dir)


def point_at(values: Mapping[str, Plain], config: RunConfig) -> Point:
    """Return the point of a validated config."""
    return Point(values, config, training_key(config), _evaluation_key(config))


def check_points(grid: Grid) -> list[Point]:
    """Return every point of ``grid`` in order, each checked as ``qlab validate`` does.

    Those that say the same twice, like ``seed=0,0``, are one; those that differ in a value which changes nothing are
    points of their own with the same ``id``.

    Raises:
        RequestError: a point is wrong; the message names it.
    """
    composer, checked, points = Composer("train"), set[str](), dict[tuple[str, str], Point]()
    for words, values in grid.points():
        try:
            config = run_config(composer.compose(words))
            parts = _what_must_fit(config)
            if parts not in checked:
                check_parts(config)
                checked.add(parts)
            point = point_at(values, config)
        except QlabError as error:
            raise RequestError(f"at {describe(values)}: {error}") from error
        points.setdefault((point.id, describe(values)), point)
    return list(points.values())


def describe(values: Mapping[str, Plain]) -> str:
    """Return a point in words."""
    return " ".join(f"{name}={_shown(value)}" for name, value in values.items())


def sweep_key(points: Iterable[Point]) -> str:
    """Return the key of a sweep, 12 hex digits: the same for the same points, in whatever words or order."""
    return hashlib.sha256(json.dumps(sorted({point.id for point in points})).encode()).hexdigest()[:LENGTH]


def sweep_name(points: Iterable[Point]) -> str:
    """Return what a sweep's folder is called before the key: what the names of its runs have in common."""
    configs = [point.config for point in points]
    names = {config.place.name for config in configs}
    given = names.pop() if len(names) == 1 else None
    if given is not None:
        return given
    common = ({getattr(config, group).name for config in configs} for group in ("dataset", "encoder", "head"))
    return "-".join(name for found in common for name in found if len(found) == 1) or "sweep"


def _evaluation_key(config: RunConfig) -> str:
    evaluation = evaluation_of(config)
    if evaluation is None or evaluation.backend is None:
        return ""
    return evaluation_key(evaluation.noise, evaluation.backend, evaluation.split)


def _what_must_fit(config: RunConfig) -> str:
    """Return text that is the same where ``check_parts`` has nothing new to find."""
    parts: dict[str, Component] = {
        "encoder": config.encoder,
        "head": config.head,
        "noise": config.noise,
        "backend": config.backend,
        "trained on": as_trained(config).backend,
    }
    facts = {group: [part.name, dataclasses.asdict(part.options)] for group, part in parts.items()}
    trainer = [config.trainer.gradient, config.trainer.noise_aware]
    return json.dumps([facts, trainer], sort_keys=True, default=str)


def _shown(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
