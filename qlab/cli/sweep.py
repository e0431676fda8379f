"""``qlab sweep``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qlab.cli.arguments import Experiment, Force, Json, Overrides, with_experiment

if TYPE_CHECKING:
    from qlab.jobs.sweep.plan import Plan, Sweep
    from qlab.jobs.sweep.sweep import Swept

LONG = 600.0  # seconds
Paired = Annotated[
    list[str] | None,
    typer.Option("--paired", metavar="KEY,KEY", help="Go through the lists of these keys together, not crossed."),
]
RerunFailed = Annotated[bool, typer.Option("--rerun-failed", help="Try again what failed or was lost before.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Begin nothing more after the first failure.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a sweep of more than ten minutes.")]
OnlyPlan = Annotated[bool, typer.Option("--plan", help="Print what the sweep would take, and stop.")]


def command(
    overrides: Overrides = None,
    experiment: Experiment = None,
    paired: Paired = None,
    rerun_failed: RerunFailed = False,
    fail_fast: FailFast = False,
    force: Force = False,
    yes: Yes = False,
    plan: OnlyPlan = False,
    json: Json = False,
) -> None:
    """Train and evaluate every point of a grid, each once, and write a table, a figure and a report.

    Keys take several values: head.n_qubits=4,8,12 seed='range(5)' encoder='glob(*pca)'. The first varies slowest.
    Noise and shots act at evaluation, so a sweep over them trains once. The same command goes on after an
    interruption, and finds what is done. launcher=joblib uses every processor; qlab ls launcher shows the others.

    Example: qlab sweep dataset=digits noise=depolarizing noise.p=0,0.01,0.05 seed='range(3)' launcher=joblib
    """
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.cli.sweep_tables import plan_document, print_plan, summary
    from qlab.jobs.sweep.plan import check
    from qlab.jobs.sweep.plan import plan as plan_sweep
    from qlab.jobs.sweep.request import Request

    request = Request.of_words(
        with_experiment(overrides, experiment),
        paired or [],
        rerun_failed=rerun_failed,
        fail_fast=fail_fast,
        force=force,
    )
    checked = check(request)
    progress = for_standard_error()
    planned = plan_sweep(checked, progress)
    if plan:
        print_json(plan_document(checked, planned)) if json else print_plan(checked, planned)
        return
    progress.say(summary(checked, planned))
    ask(planned.total, yes)
    _run(checked, planned, json)


def ask(seconds: float, yes: bool) -> None:
    """Ask before what takes long; where nobody can answer, refuse."""
    import sys

    from qlab.cli.sweep_tables import about
    from qlab.errors import RequestError

    if yes or seconds <= LONG:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RequestError(f"this takes {about(seconds)}: say --yes if that is meant")
    if not typer.confirm(f"This takes {about(seconds)}. Begin?", err=True):
        raise RequestError("not begun")


def _run(checked: Sweep, planned: Plan, json: bool) -> None:
    from qlab.cli.output import print_json
    from qlab.cli.sweep_tables import print_swept
    from qlab.cli.sweep_view import watching
    from qlab.errors import JobError
    from qlab.jobs.sweep.sweep import sweep
    from qlab.reports.tables import plain_rows

    with watching() as listener:
        swept = sweep(checked, planned, listener)
    if json:
        print_json({"path": str(swept.path), "counts": swept.counts, "rows": plain_rows(swept.table)})
    else:
        print_swept(swept)
    if not swept.is_complete:
        raise JobError(_what_is_missing(swept))


def _what_is_missing(swept: Swept) -> str:
    from qlab.reports.values import counted

    counts = swept.counts
    missing = ", ".join(f"{count} {status}" for status, count in counts.items() if status != "done")
    hint = "--rerun-failed tries again" if set(counts) - {"done", "not run"} else "repeat the command to go on"
    return f"of {counted(sum(counts.values()), 'point')}: {missing}; {hint}"
