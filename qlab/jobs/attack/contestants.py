"""Attacks on every run of a comparison, and the statistics of what they leave."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from qlab.config.keys import LENGTH
from qlab.errors import CapabilityError, JobError, OptionError
from qlab.evaluation.comparison import CIRCUIT
from qlab.files import write_json
from qlab.jobs.attack.attack import Attack, attack, read_result
from qlab.jobs.attack.comparison import DIVERGED, DONE, ComparisonFolder, Entry
from qlab.jobs.attack.request import SCHEMA, AttackRequest
from qlab.jobs.run import Run
from qlab.progress import Progress, Silent
from qlab.reports.values import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlab.reports.comparison_rows import Row


@dataclass(frozen=True)
class AttackedComparison:
    """What attacks on the runs of a comparison ended in.

    Attributes:
        path: the folder of the result.
        found: whether it was found finished instead of computed now.
        result: as in ``result.json``: ``rows`` (one for each attack, eps and model other than the circuit, with all
            statistics), ``runs`` (what was attacked), ``left_out`` and ``missing`` (what was not, and why).
    """

    path: Path
    found: bool
    result: Mapping[str, Any]

    @property
    def missing(self) -> int:
        """How many runs could not be attacked, those left out not counted."""
        return len(self.result["missing"])

    def what_is_missing(self) -> str:
        """Return what is missing and what helps, in words."""
        lost = self.result["missing"]
        first = f"{lost[0]['model']}, seed {lost[0]['seed']}: {lost[0]['reason']}"
        total = counted(len(self.result["runs"]) + len(lost), "run")
        return f"{len(lost)} of {total} could not be attacked ({first}); repeat the command to try again"


@dataclass
class _Done:
    """What has come of the runs so far: attacks by the run's name, and why there are none of others."""

    attacks: dict[str, Attack] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def attack_comparison(
    comparison: ComparisonFolder, asked: AttackRequest, progress: Progress | None = None, *, force: bool = False
) -> AttackedComparison:
    """Attack the runs of a comparison alike, each as ``attack`` does, or find what is done.

    A run that fails costs no other. Models that cannot be attacked in that way are left out with the reason.

    Raises:
        UnknownNameError: a model is unknown.
        OptionError: the circuit, or every other model, cannot be attacked in that way, or a twin is given.
        JobError: no run could be attacked.
        CorruptFileError: the result that is there is damaged.
    """
    if asked.options.twin is not None:
        raise OptionError("twin: transfer is from one run to another; attack the comparison's runs one by one for it")
    entries = comparison.of_models(asked.models)
    folder = comparison.attacks / _key(entries, asked)
    with _alone(folder):
        if (folder / "result.json").is_file() and not force:
            result = read_result(folder / "result.json")
            if not result["missing"] and _is_fresh(comparison, result):
                return AttackedComparison(folder, True, result)
        done = _attack_all(comparison, entries, asked, progress or Silent(), force=force)
        return AttackedComparison(folder, False, _conclude(comparison, entries, asked, done, folder))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder of a result alone; another process that asks for it waits."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        yield


def _key(entries: Sequence[Entry], asked: AttackRequest) -> str:
    runs = [[entry.setting, entry.model, entry.seed, entry.status] for entry in entries]
    return hashlib.sha256(json.dumps([asked.key(None), runs], sort_keys=True).encode()).hexdigest()[:LENGTH]


def _is_fresh(comparison: ComparisonFolder, result: Mapping[str, Any]) -> bool:
    """Return whether the attacks behind a result are there: a new training forgets them."""
    return all((comparison.run(one["run"]).attacks / one["result"] / "result.json").is_file() for one in result["runs"])


def _attack_all(
    comparison: ComparisonFolder, entries: Sequence[Entry], asked: AttackRequest, progress: Progress, *, force: bool
) -> _Done:
    # PyTorch is needed from here on; a finished result is found without it.
    from qlab.jobs.loaded_data import LOADED
    from qlab.jobs.sweep.work import complaint

    done, distinct = _Done(), {entry.run: entry for entry in entries if entry.status == DONE}
    LOADED.keep()
    try:
        for number, (name, entry) in enumerate(distinct.items(), start=1):
            progress.say(f"run {number} of {len(distinct)}: {entry.model}, seed {entry.seed} ({name})")
            try:
                done.attacks[name] = attack(Run(comparison.run(name)), asked, progress, force=force)
            except (OptionError, CapabilityError) as error:
                if entry.model == CIRCUIT:
                    raise  # there is nothing to compare the others with
                done.left_out[name] = str(error)
            except Exception as error:
                done.missing[name] = complaint(error)
                progress.say(f"failed: {done.missing[name]}")
    finally:
        LOADED.forget()
    return done


def _conclude(
    comparison: ComparisonFolder, entries: Sequence[Entry], asked: AttackRequest, done: _Done, folder: Path
) -> dict[str, Any]:
    """Compare what attacks left, and write it."""
    from qlab.evaluation.comparison import compare
    from qlab.jobs.attack.attacked_scores import attacked_settings
    from qlab.reports.attacked_comparison import write_attacked_comparison
    from qlab.reports.comparison_rows import Facts, comparison_frame
    from qlab.reports.comparison_rows import Row as TableRow
    from qlab.reports.tables import plain_rows

    _require_two(entries, done)
    trainable = {entry.model: entry.trainable for entry in entries if entry.trainable is not None}

    def facts(model: str) -> Facts:
        return Facts("", trainable.get(model), None)

    compared = compare(attacked_settings(entries, done.attacks))
    rows: list[Row] = [TableRow(one, facts(CIRCUIT), facts(one.twin)) for one in compared]
    result = {**_result(comparison, entries, asked, done), "rows": plain_rows(comparison_frame(rows))}
    write_attacked_comparison(folder, rows, result, title=comparison.path.name.rpartition("-")[0])
    write_json(folder / "result.json", result)  # last: it says that all is there
    return result


def _require_two(entries: Sequence[Entry], done: _Done) -> None:
    """Raise where there is no circuit to compare, or nothing to compare it with."""
    attacked = {entry.model for entry in entries if entry.run in done.attacks}
    if CIRCUIT in attacked and len(attacked) > 1:
        return
    reasons = {**done.left_out, **done.missing}
    said = [f"{entry.model}: {reasons[entry.run]}" for entry in entries if entry.run in reasons]
    kind = JobError if done.missing else OptionError
    whom = "no model besides the circuit" if CIRCUIT in attacked else "no circuit"
    raise kind(f"{whom} could be attacked{f' ({said[0]})' if said else ''}")


def _result(
    comparison: ComparisonFolder, entries: Sequence[Entry], asked: AttackRequest, done: _Done
) -> dict[str, Any]:
    import torch

    from qlab.records.environment import environment

    def told(entry: Entry) -> dict[str, Any]:
        return {**entry.setting, "model": entry.model, "seed": entry.seed, "run": entry.run}

    lost = [(entry, done.missing.get(entry.run) or f"its training is {entry.status}") for entry in entries
            if entry.run in done.missing or entry.status not in (DONE, DIVERGED)]  # fmt: skip
    attacked = [(entry, done.attacks[entry.run]) for entry in entries if entry.run in done.attacks]
    masked = Counter(entry.model for entry, one in attacked if one.result["masked"])
    return {
        "schema": SCHEMA,
        "kind": "attack of a comparison",
        "comparison": comparison.path.name,
        "settings": list(comparison.keys),
        "options": asdict(asked.options),
        "eps": [asdict(radius) for radius in asked.radii],
        "n": max(one.result["clean"]["n"] for _, one in attacked),
        "chance": max(one.result["chance"] for _, one in attacked),
        "attacks": list(dict.fromkeys(name for _, one in attacked for name in one.result["curves"])),
        "checked": any(one.result["checks"] for _, one in attacked),
        "masked": dict(masked),
        "runs": [{**told(entry), "result": one.path.name, "masked": one.result["masked"]} for entry, one in attacked],
        "left_out": {entry.model: done.left_out[entry.run] for entry in entries if entry.run in done.left_out},
        "missing": [{**told(entry), "reason": reason} for entry, reason in lost],
        "environment": environment(torch.get_num_threads()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
