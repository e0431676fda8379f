"""The comparison itself: trials where there are any, then every contestant at every seed, then statistics."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.config.grid import grid
from qlab.config.keys import LENGTH
from qlab.errors import OptionError
from qlab.evaluation.comparison import CIRCUIT, compare
from qlab.jobs.compare.contestants import SEED, Field, fields, points, seeds_of
from qlab.jobs.compare.remarks import remarks
from qlab.jobs.compare.request import CompareRequest
from qlab.jobs.compare.scores import settings
from qlab.jobs.compare.tuning import chosen, trials, tuned_values
from qlab.jobs.drawing import drawing
from qlab.jobs.sweep.board import Listener
from qlab.jobs.sweep.folder import SweepFolder
from qlab.jobs.sweep.plan import Plan, Sweep, chosen_launcher
from qlab.jobs.sweep.plan import plan as plan_sweep
from qlab.jobs.sweep.points import Point, describe, sweep_name
from qlab.jobs.sweep.sweep import carry_out
from qlab.jobs.sweep.table import DIVERGED, DONE, NOT_RUN, Results
from qlab.launchers.base import Launcher
from qlab.progress import Progress
from qlab.records.store import safe_name
from qlab.reports.comparison import write_comparison
from qlab.reports.comparison_rows import Row, rows_of
from qlab.reports.values import counted

REQUEST = "comparison.yaml"
_NOT_KEYS = ("head", SEED)  # of a recipe's sweep: twins and seeds are the comparison's own


@dataclass(frozen=True)
class Checked:
    """A comparison that is checked and ready to run.

    Attributes:
        request: what was asked.
        fields: the contestants of every setting.
        launcher: what runs them.
        folder: where its own files go.
    """

    request: CompareRequest
    fields: tuple[Field, ...]
    launcher: Launcher
    folder: Path

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the values that tell settings apart."""
        return tuple(self.fields[0].values)

    def tuning(self) -> Sweep | None:
        """Return the trials; None where nothing is tuned."""
        count = self.request.options.tune
        if not count:
            return None
        tried = tuple(point for field in self.fields for point in trials(field, count))
        return self._sweep((*self.keys, "twin", "trial"), tried, SweepFolder(self.folder / "tuning", REQUEST))

    def runs(self) -> Sweep:
        """Return every contestant at every seed."""
        options = self.request.options
        every = tuple(points(self.fields, options.seeds, options.vary))
        return self._sweep((*self.keys, "twin", SEED), every, SweepFolder(self.folder, REQUEST))

    def _sweep(self, keys: tuple[str, ...], every: tuple[Point, ...], folder: SweepFolder) -> Sweep:
        asked = {
            "overrides": list(self.request.points.overrides),
            **dataclasses.asdict(self.request.options),
            "points": len(every),
        }
        return Sweep(self.request.points, asked, keys, every, self.launcher, folder)


@dataclass(frozen=True)
class Compared:
    """What a comparison came to.

    Attributes:
        path: its folder.
        table: one row per setting, contestant and seed.
        rows: one per setting and twin.
        keys: names of the values that tell settings apart.
        left_out: the twins that there are not, and why, by setting.
        tuned: what tuning decided, by setting and contestant.
        untried: how the trials ended that were to decide it and could not.
        remarks: what a reader must know of how alike the models were treated.
    """

    path: Path
    table: pd.DataFrame
    rows: tuple[Row, ...]
    keys: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, str]]
    tuned: Mapping[str, Mapping[str, Any]]
    untried: Mapping[str, int]
    remarks: tuple[str, ...]

    @property
    def missing(self) -> dict[str, int]:
        """Runs and trials by why they are missing; diverged ones are not, they count."""
        return dict(Counter(_missing(self.table)) + Counter(self.untried))

    def what_is_missing(self) -> str:
        """Return what is missing and what helps, in words."""
        counts = ", ".join(f"{count} {status}" for status, count in self.missing.items())
        hint = "--rerun-failed tries again" if set(self.missing) - {NOT_RUN} else "repeat the command to go on"
        trials = f" and {sum(self.untried.values())} of its trials" if self.untried else ""
        return f"of {counted(len(self.table), 'run')}{trials}: {counts}; {hint}"


def check(request: CompareRequest, progress: Progress) -> Checked:
    """Compose every setting and build every contestant for its data; run and write nothing.

    Raises:
        RequestError: something of it is wrong, or a head has no circuit.
    """
    launcher = chosen_launcher(request.points)
    spanned = grid(request.points.overrides, may_be_a_point=True, without=_NOT_KEYS)
    if SEED in spanned.swept:
        raise OptionError("a comparison has seeds of its own: say seeds=10, and seed=N for the first of them")
    options = request.options
    found = tuple(fields(spanned, options, progress))
    every = list(points(found, options.seeds, options.vary))
    return Checked(request, found, launcher, _folder(every, request))


def plan(checked: Checked, progress: Progress) -> tuple[Plan, ...]:
    """Return what the trials and the runs would take; where there are trials, runs as they were without.

    Raises:
        RequestError: the data of a point are missing, or do not fit it.
    """
    stages = (checked.tuning(), checked.runs())
    return tuple(plan_sweep(stage, progress) for stage in stages if stage is not None)


def run(checked: Checked, planned: Sequence[Plan] = (), listener: Listener | None = None) -> Compared:
    """Run what is not done, and write tables, the figure and the report; these also after Ctrl-C.

    Args:
        checked: every setting.
        planned: what it was estimated to take.
        listener: looks on.

    Raises:
        JobError: the launcher cannot run anything.
    """
    tuning, estimates, untried = checked.tuning(), list[Plan | None](planned) or [None, None], dict[str, int]()
    if tuning is not None:
        metric = checked.request.options.metric
        better, untried = carry_out(
            tuning,
            lambda swept, found: (
                chosen(checked.fields, swept.points, found, metric),
                _missing(found.table(swept.keys)),
            ),
            estimates[0],
            listener,
        )
        checked = dataclasses.replace(checked, fields=tuple(better))
    return carry_out(
        checked.runs(), lambda swept, found: _finish(checked, swept, found, untried), estimates[-1], listener
    )


def _finish(checked: Checked, swept: Sweep, found: Results, untried: Mapping[str, int]) -> Compared:
    """Compare what there is, and write it."""
    options = checked.request.options
    table = found.table(swept.keys)
    one_test_set = not any(key.startswith("dataset.") for key in options.vary)
    scores = settings(checked.fields, swept.points, table, found, options.metric, one_test_set=one_test_set)
    descriptions = {one.name: one.description for field in checked.fields for one in field.contestants}
    rows = rows_of(compare(scores), table, descriptions)
    compared = Compared(
        path=checked.folder,
        table=table,
        rows=tuple(rows),
        keys=checked.keys,
        left_out={describe(field.values): dict(field.left_out) for field in checked.fields},
        tuned=_tuned(checked),
        untried=untried,
        remarks=tuple(remarks(checked.fields, tuned=bool(checked.request.options.tune))),
    )
    shown = {"left_out": compared.left_out, "tuned": compared.tuned, "remarks": list(compared.remarks)}
    asked = {**swept.asked, **shown}
    write_comparison(
        checked.folder,
        table,
        rows,
        settings=checked.keys,
        metric=options.metric,
        title=checked.folder.name.rpartition("-")[0],
        request=asked,
        records=found.records,
        varied={what: key in options.vary for key, what in seeds_of(checked.fields[0].contestants[0].config).items()},
        draw=drawing,
    )
    return compared


def _missing(table: pd.DataFrame) -> dict[str, int]:
    found = table["status"].value_counts()
    return {str(status): int(count) for status, count in found.items() if status not in (DONE, DIVERGED)}


def _tuned(checked: Checked) -> dict[str, dict[str, Any]]:
    if not checked.request.options.tune:
        return {}
    return {
        describe({**field.values, "twin": contestant.name}): tuned_values(contestant)
        for field in checked.fields
        for contestant in field.contestants
    }


def _folder(every: Sequence[Point], request: CompareRequest) -> Path:
    """Return the folder of a comparison: the one that is there, under whatever name, or a new one."""
    options = request.options
    asked = [[[describe(point.values), point.id] for point in every], options.tune, options.metric]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:LENGTH]
    root = every[0].output_dir / "comparisons"
    existing = sorted(root.glob(f"*-{key}")) if root.is_dir() else []
    circuits = [point for point in every if point.values["twin"] == CIRCUIT]
    return existing[0] if existing else root / f"{safe_name(sweep_name(circuits))}-{key}"
