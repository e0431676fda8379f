"""The folder of a sweep and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qlab.files import write_json
from qlab.jobs.sweep.points import Point, describe, sweep_key, sweep_name
from qlab.records.store import safe_name, write_yaml


class SweepFolder:
    """``outputs/sweeps/<name>-<key>/``, or the folder of something else that runs points.

    Args:
        path: where it is.
        request: its file that says what was asked for.
    """

    def __init__(self, path: Path, request: str = "sweep.yaml") -> None:
        self.path = path
        self.request = path / request
        self.points = path / "points.json"

    def state(self, name: str) -> Path:
        """Return the file that says how far the training or evaluation ``name`` came."""
        return self.path / "points" / f"{name}.json"

    def log(self, name: str) -> Path:
        """Return the log of the training or evaluation ``name``."""
        return self.path / "points" / f"{name}.log"

    def write(self, asked: Mapping[str, Any], points: Sequence[Point]) -> None:
        """Write what was asked for, and every point with its keys."""
        write_yaml(self.request, dict(asked))
        rows = [
            {
                "point": describe(point.values),
                "train_key": point.train_key,
                "evaluation_key": point.evaluation_key,
                "run": point.folder.path.name,
            }
            for point in points
        ]
        write_json(self.points, rows)


def sweep_folder(points: Sequence[Point]) -> SweepFolder:
    """Return the folder of the sweep over ``points``: the one that is there, under whatever name, or a new one."""
    sweeps, key = Path(points[0].config.place.output_dir) / "sweeps", sweep_key(points)
    existing = sorted(sweeps.glob(f"*-{key}")) if sweeps.is_dir() else []
    return SweepFolder(existing[0] if existing else sweeps / f"{safe_name(sweep_name(points))}-{key}")
