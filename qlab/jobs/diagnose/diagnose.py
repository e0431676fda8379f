"""The diagnostics job: find the result if it is there, otherwise compute it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qlab.config.keys import LENGTH, described
from qlab.errors import CorruptFileError
from qlab.files import write_json
from qlab.jobs.diagnose.request import Request
from qlab.progress import Progress, Silent
from qlab.records.environment import environment
from qlab.records.store import safe_name

SCHEMA = 1
LONG = 60.0  # seconds; what takes longer says so


@dataclass(frozen=True)
class Diagnosed:
    """What diagnostics ended in.

    Attributes:
        path: the folder of the result.
        found: whether it was found finished instead of computed now.
        result: ``options``, ``swept``, ``points`` (the values of the swept keys and the diagnosis of each), ``fits``,
            ``environment``; as in ``result.json``.
    """

    path: Path
    found: bool
    result: Mapping[str, Any]


def diagnose(asked: Request, progress: Progress | None = None, *, force: bool = False) -> Diagnosed:
    """Diagnose the heads that are asked for, or find the result finished.

    Raises:
        OptionError: a head has no circuit.
        CapabilityError: there is not enough memory for a circuit.
        CorruptFileError: the result that is there is damaged.
    """
    key = _key(asked)
    folder = _folder(asked, key)
    if (folder / "result.json").is_file() and not force:
        return Diagnosed(folder, True, _read(folder / "result.json"))
    # What follows needs PyTorch and matplotlib; a finished result is found without them.
    from qlab.reports.diagnostics import write_diagnostics

    result = _compute(asked, key, progress or Silent())
    write_diagnostics(folder, result, title=folder.name.rpartition("-")[0])
    write_json(folder / "result.json", result)  # last: it says that all is there
    return Diagnosed(folder, False, result)


def _compute(asked: Request, key: str, progress: Progress) -> dict[str, Any]:
    import torch

    from qlab.jobs.diagnose.draws import quantum_head
    from qlab.jobs.diagnose.fits import fits
    from qlab.jobs.diagnose.point import diagnose_head, require_memory, rough_seconds

    started = time.monotonic()
    heads = [quantum_head(point.config) for point in asked.points]
    for point, head in zip(asked.points, heads, strict=True):
        require_memory(point.config, head, asked.options)
    expected = sum(rough_seconds(head, asked.options) for head in heads)
    if expected > LONG:
        progress.say(f"this takes about {expected / 60:.0f} minutes, very roughly; fewer samples take less")
    points = [
        {"values": dict(point.values), **asdict(diagnose_head(point.config, head, asked.options, progress))}
        for point, head in zip(asked.points, heads, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "key": key,
        "overrides": list(asked.words),
        "options": asdict(asked.options),
        "swept": list(asked.swept),
        "heads": [described(point.config.head) for point in asked.points],
        "seeds": [point.config.seed for point in asked.points],
        "points": points,
        "fits": fits(points),
        "seconds": time.monotonic() - started,
        "environment": environment(torch.get_num_threads()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _key(asked: Request) -> str:
    """Return the key of what is asked, 12 hex digits, in whatever words."""
    points = [[dict(point.values), described(point.config.head), point.config.seed] for point in asked.points]
    text = json.dumps([SCHEMA, points, asdict(asked.options)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _folder(asked: Request, key: str) -> Path:
    """Return the folder of the result ``key``: the one that is there, under whatever name, or a new one."""
    parent = asked.output_dir / "diagnostics"
    existing = sorted(parent.glob(f"*-{key}")) if parent.is_dir() else []
    return existing[0] if existing else parent / f"{safe_name(asked.name)}-{key}"


def _read(path: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(path.read_bytes())
        if result["schema"] == SCHEMA:
            return result
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path} is damaged; --force computes it again") from error
    raise CorruptFileError(f"{path} has schema {result['schema']}, not {SCHEMA}; --force computes it again")
