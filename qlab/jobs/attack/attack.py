"""The attack job: find the result if it is there, otherwise attack."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlab.errors import CorruptFileError, DataError
from qlab.files import write_json
from qlab.jobs.attack.request import SCHEMA, AttackRequest
from qlab.jobs.run import Run
from qlab.progress import Progress, Silent
from qlab.records.environment import environment
from qlab.records.store import find_run, write_npz

if TYPE_CHECKING:
    from qlab.evaluation.attacks.shares import Fooled
    from qlab.jobs.attack.execution import Found
    from qlab.jobs.attack.target import Target

SUSPICIOUS = "suspicious"


@dataclass(frozen=True)
class Attack:
    """What an attack ended in.

    Attributes:
        path: the folder of the result.
        found: whether it was found finished instead of computed now.
        result: as in ``result.json``: ``clean`` (the share of examples rightly answered), ``curves`` (that share by
            attack, one for each of ``eps``), ``worst`` (of all attacks together), ``steps``, ``losses`` (what
            PGD leaves with each alone, at the eps of ``steps``), ``published``, ``checks``.
    """

    path: Path
    found: bool
    result: Mapping[str, Any]


def attack(run: Run, asked: AttackRequest, progress: Progress | None = None, *, force: bool = False) -> Attack:
    """Attack a finished run, or find the result of the same attack.

    Raises:
        UnknownNameError: there is no such twin.
        OptionError: what is asked does not fit the run.
        DataError: the data are no longer those the run was trained on, or the twin has other ones.
        CapabilityError: the run's answers to one example depend on others.
        CorruptFileError: a file of a run or the result that is there is damaged.
    """
    twin = None if asked.options.twin is None else Run(find_run(Path(asked.place.output_dir), asked.options.twin))
    key = asked.key(None if twin is None else twin.folder.key)
    folder = run.folder.attacks / key
    if (folder / "result.json").is_file() and not force:
        return Attack(folder, True, read_result(folder / "result.json"))
    with run.folder.evaluating(key):
        if (folder / "result.json").is_file() and not force:  # another process was at it
            return Attack(folder, True, read_result(folder / "result.json"))
        return Attack(folder, False, _compute(run, twin, asked, key, progress or Silent()))


def _compute(run: Run, twin: Run | None, asked: AttackRequest, key: str, progress: Progress) -> dict[str, Any]:
    # PyTorch and matplotlib are needed from here on; a finished result is found without them.
    from qlab.jobs.attack.execution import execute
    from qlab.jobs.attack.target import target
    from qlab.reports.attack import write_attack

    started = time.monotonic()
    attacked = target(run, twin, asked, progress)
    found = execute(attacked, asked, progress)
    result = _result(run, twin, asked, key, attacked, found) | {"seconds": time.monotonic() - started}
    arrays = {"index": attacked.index, "label": attacked.labels.numpy(), "clean": found.clean}
    with run.folder.locked():
        if not run.folder.is_finished:
            raise DataError(f"{run.path.name} was trained again meanwhile; repeat the attack when that is done")
        folder = run.folder.attacks / key
        write_npz(folder / "fooled.npz", {**arrays, **found.fooled, **found.published})
        write_attack(folder, result, title=run.folder.name)
        write_json(folder / "result.json", result)  # last: it says that all is there
    return result


def _result(
    run: Run, twin: Run | None, asked: AttackRequest, key: str, attacked: Target, found: Found
) -> dict[str, Any]:
    import numpy as np
    import torch

    from qlab.evaluation.attacks.shares import share
    from qlab.jobs.attack.execution import checks, climbed

    together = np.logical_or.reduce(list(found.fooled.values()))  # (n_eps, N)
    seen, losses = checks(found, attacked, asked), climbed(asked.options)
    return {
        "schema": SCHEMA,
        "kind": "attack",
        "key": key,
        "run": run.path.name,
        "run_key": run.folder.key,
        "twin": None if twin is None else twin.path.name,
        "options": dataclasses.asdict(asked.options),
        "eps": [asdict(radius) for radius in asked.radii],
        "chance": 1 / attacked.n_classes,
        "clean": asdict(share(found.clean)),
        "curves": {name: [asdict(share(row)) for row in rows] for name, rows in found.fooled.items()},
        "worst": [asdict(share(row)) for row in together],
        "steps": _at_middle(found, {str(number): fooled for number, fooled in found.steps.items()}, losses),
        "losses": _at_middle(found, found.alone, losses),
        "published": {name: asdict(share(fooled)) for name, fooled in found.published.items()},
        "checks": [asdict(check) for check in seen],
        "masked": any(check.verdict == SUSPICIOUS for check in seen),
        **attacked.facts,
        "environment": environment(torch.get_num_threads()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _at_middle(found: Found, fooled: Mapping[str, Fooled], losses: list[str]) -> dict[str, Any] | None:
    """Return what PGD leaves by number of steps or by loss, at which eps, and the losses climbed; None without PGD."""
    from qlab.evaluation.attacks.shares import share

    if found.middle is None:
        return None
    left = {name: asdict(share(row)) for name, row in fooled.items()}
    return {"eps": found.middle.label, "climbed": losses, "left": left}


def read_result(path: Path) -> dict[str, Any]:
    """Return a result; raises ``CorruptFileError`` where it is damaged or of another version."""
    try:
        result: dict[str, Any] = json.loads(path.read_bytes())
        if result["schema"] == SCHEMA:
            return result
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path} is damaged; --force computes it again") from error
    raise CorruptFileError(f"{path} has schema {result['schema']}, not {SCHEMA}; --force computes it again")
