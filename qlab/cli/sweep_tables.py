"""What a person reads of a sweep: what it would take, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qlab.cli.output import print_table
from qlab.reports.values import counted, shown

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from qlab.jobs.sweep.ledger import Selection
    from qlab.jobs.sweep.plan import Plan, Sweep
    from qlab.jobs.sweep.sweep import Swept

MOST_ERRORS = 10
_NAMES = {"run": "to run", "found": "found", "left": "failed before"}
_STEPS = ((90, 10, 1, "s"), (5400, 60, 60, "min"), (float("inf"), 1800, 3600, "h"))


def about(seconds: float) -> str:
    """Return a duration as one says it: about 40 s, about 3 min, about 2.5 h."""
    if seconds < 10:
        return "a few seconds"
    _, round_to, unit, name = next(step for step in _STEPS if seconds < step[0])
    return f"about {max(round(seconds / round_to), 1) * round_to / unit:g} {name}"


def summary(checked: Sweep, planned: Plan) -> str:
    """Return the line before a sweep runs."""
    sharing = f" ({checked.sharing} share a computation)" if checked.sharing else ""
    parts = [counted(len(checked.points), "point") + sharing, *named("trainings", planned.trainings)]
    parts += named("evaluations", planned.evaluations)
    if planned.seconds:
        workers = checked.launcher.workers
        parts.append(f"{about(planned.total)}{in_workers(workers)}, preparation of data not counted")
    return f"sweep {checked.folder.path.name}: {'; '.join(parts)}"


def in_workers(workers: int) -> str:
    """Return how many workers share the work, where it is more than one."""
    return f" in {workers} workers" if workers > 1 else ""


def print_plan(checked: Sweep, planned: Plan) -> None:
    """Print the summary and a row for each point."""
    document = plan_document(checked, planned)
    rows = [
        [*map(shown, point["values"].values()), point["training"], point["evaluation"]] for point in document["points"]
    ]
    print(summary(checked, planned))
    print_table("", [*checked.keys, "training", "evaluation"], rows)


def plan_document(checked: Sweep, planned: Plan) -> dict[str, Any]:
    """Return what a sweep would take as plain values."""
    trainings, evaluations = _states(planned.trainings, planned.seconds), _states(planned.evaluations, planned.seconds)
    return {
        "path": str(checked.folder.path),
        "trainings": _counts(planned.trainings),
        "evaluations": _counts(planned.evaluations),
        "workers": checked.launcher.workers,
        "seconds": planned.total,
        "points": [
            {
                "values": dict(point.values),
                "training": trainings[point.train_key],
                "evaluation": evaluations[point.id] if point.evaluation_key else "none",
            }
            for point in checked.points
        ],
    }


def print_swept(swept: Swept) -> None:
    """Print the table grouped over seeds, what is missing in it, the errors, and where everything is."""
    from qlab.reports.findings import what_is_missing
    from qlab.reports.grouping import grouped
    from qlab.reports.tables import grouped_cells

    keys = [key for key in swept.keys if key != "seed"]
    cells = grouped_cells(grouped(swept.table, swept.keys), keys, "accuracy")
    print_table(swept.path.name, cells.header, cells.rows)
    missing = what_is_missing(swept.table)
    if missing:
        print(missing)
    print(f"table, figure and report: {swept.path}")
    print_errors(swept.path, swept.keys, swept.table)


def print_errors(path: Path, keys: Sequence[str], table: pd.DataFrame) -> None:
    """Name what failed, and its log."""
    import sys

    wrong = table[table["error"] != ""]
    causes = list(wrong.groupby(["log", "error"], sort=False))
    for (log, error), points in causes[:MOST_ERRORS]:
        first = points.iloc[0]
        point = " ".join(f"{name}={shown(first[name])}" for name in keys)
        more = f" and {len(points) - 1} more" if len(points) > 1 else ""
        print(f"{first['status']}  {point}{more}: {error}  ({path / str(log)})", file=sys.stderr)
    if len(causes) > MOST_ERRORS:
        print(f"and {counted(len(causes) - MOST_ERRORS, 'other error')}: {path / 'results.csv'}", file=sys.stderr)


def named(what: str, selection: Selection) -> list[str]:
    """Return how many tasks of a kind there are to run, found, and failed before; nothing where there are none."""
    counts = _counts(selection)
    named = [f"{counts[key]} {name}" for key, name in _NAMES.items() if counts[key] or key == "run"]
    return [f"{what}: {', '.join(named)}"] if any(counts.values()) else []


def _counts(selection: Selection) -> dict[str, int]:
    return {"run": len(selection.run), "found": len(selection.found), "left": len(selection.left)}


def _states(selection: Selection, seconds: Mapping[str, float]) -> dict[str, str]:
    """Return what becomes of each task, by its id."""
    return {
        **{task.id: "found" for task in selection.found},
        **{task.id: f"to run, {seconds[task.id]:.{0 if seconds[task.id] > 10 else 1}f} s" for task in selection.run},
        **{task.id: f"{known.state} before: {known.error}" for task, known in selection.left},
    }
