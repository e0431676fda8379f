"""``qlab hw-run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qlab.cli.arguments import Force, Json

if TYPE_CHECKING:
    from qlab.hardware.service import Resilience as ResilienceLevel
    from qlab.jobs.hardware.request import HardwareRequest
    from qlab.jobs.hardware.request import Primitive as PrimitiveName
    from qlab.jobs.hardware.submission import Submission
    from qlab.jobs.run import Run

_TAKES = {
    "status": ("job", "output_dir", "json"),
    "fetch": ("job", "output_dir", "json"),
    "cancel": ("job", "output_dir", "json"),
    "list": ("output_dir", "json"),
    "login": ("instance",),
}
ACTIONS = tuple(_TAKES)
What = Annotated[
    str, typer.Argument(metavar="RUN|ACTION", help=f"A run's folder, name or key; or {', '.join(ACTIONS)}.")
]
Job = Annotated[str | None, typer.Argument(metavar="[JOB]", help="For an action: a hardware run, or a job of it.")]
Device = Annotated[
    str, typer.Option("--backend", "-b", metavar="NAME", help="aer, a stored device (fake_torino), or ibm_...")
]
Shots = Annotated[int, typer.Option("--shots", help="Shots of each sample.")]
Primitive = Annotated[
    str, typer.Option("--primitive", metavar="NAME", help="sampler, or estimator, which keeps no counts.")
]
Resilience = Annotated[
    int, typer.Option("--resilience-level", help="What the estimator does against errors: 0, 1 (readout) or 2 (gates).")
]
Limit = Annotated[int | None, typer.Option("--limit", help="The first N samples of the test part. [default: all]")]
Mitigation = Annotated[
    list[str] | None,
    typer.Option("--mitigation", "-m", metavar="NAME,...", help="readout or mthree, zne, dd, twirling."),
]
Batch = Annotated[bool, typer.Option("--batch", help="Schedule several jobs of this run together.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the choice of qubits, and of what is simulated.")]
Budget = Annotated[
    float | None,
    typer.Option(
        "--max-qpu-seconds", metavar="S", help="Refuse what takes longer; no job may take more than its part."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a job is sent that costs something.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Leave after sending; fetch gets the result later.")]
Resubmit = Annotated[
    bool, typer.Option("--resubmit", help="Send again a job that was perhaps sent; that can cost twice.")
]
Instance = Annotated[str | None, typer.Option("--instance", help="For login: name or CRN of the instance to use.")]
OutputDir = Annotated[Path, typer.Option("--output-dir", help="Where results are.")]


def command(
    context: typer.Context,
    what: What,
    job: Job = None,
    device: Device = "fake_torino",
    shots: Shots = 1000,
    primitive: Primitive = "sampler",
    resilience_level: Resilience = 0,
    limit: Limit = None,
    mitigation: Mitigation = None,
    batch: Batch = False,
    seed: Seed = 0,
    max_qpu_seconds: Budget = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    force: Force = False,
    resubmit: Resubmit = False,
    instance: Instance = None,
    output_dir: OutputDir = Path("outputs"),
    json: Json = False,
) -> None:
    """Execute a trained head on an IBM device, a stored one, or Aer: estimated, asked for, sent once.

    All samples are one job. It is on disk before it is sent, and found by its tag after a crash: repeat the command, or
    qlab hw-run fetch JOB from any process, later. status, cancel and list need no RUN; login saves an IBM account, its
    token from QISKIT_IBM_TOKEN or typed.

    Example: qlab hw-run RUN --backend fake_torino --shots 1000 --limit 50 --mitigation readout,zne
    """
    if what in ACTIONS:
        _only(context, what)
        if what == "login":
            _login(instance)
        else:
            _act(what, job, output_dir, json)
        return
    from qlab.files import sha256_file
    from qlab.jobs.hardware.request import HardwareRequest, mitigations
    from qlab.jobs.run import Run
    from qlab.records.store import find_run

    if instance is not None:
        raise typer.BadParameter("--instance is for qlab hw-run login")
    if job is not None:
        raise typer.BadParameter(f"'{what}' is a run; what is '{job}'? Actions are {', '.join(ACTIONS)}")
    run = Run(find_run(output_dir, what))
    request = HardwareRequest(
        run=run.folder.key,
        model=sha256_file(run.folder.model),
        device=device,
        shots=shots,
        limit=limit,
        mitigation=mitigations(mitigation or []),
        mode="batch" if batch else "job",
        seed=seed,
        max_qpu_seconds=max_qpu_seconds,
        primitive=cast("PrimitiveName", primitive),  # the request checks both
        resilience_level=cast("ResilienceLevel", resilience_level),
    )
    _execute(run, request, output_dir, json, force=force, yes=yes, wait=not no_wait, resubmit=resubmit)


def _only(context: typer.Context, action: str) -> None:
    """Refuse what an action would ignore."""
    words = {
        parameter.name: "JOB" if parameter.name == "job" else max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name and parameter.name != "what"
    }
    taken = [words[name] for name in _TAKES[action]]
    given = [
        word
        for name, word in words.items()
        if word not in taken and getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if given:
        raise typer.BadParameter(f"qlab hw-run {action} takes {', '.join(taken)} alone, not {', '.join(given)}")


def _execute(
    run: Run,
    request: HardwareRequest,
    output_dir: Path,
    json: bool,
    *,
    force: bool,
    yes: bool,
    wait: bool,
    resubmit: bool,
) -> None:
    """Find the result of a request, or prepare it, say what it takes, ask, send and wait."""
    from qlab.cli.hw_run_tables import print_hardware_run, print_submission
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.jobs.hardware.hw_run import FOLDER, execute, finished
    from qlab.jobs.hardware.submission import prepare

    progress = for_standard_error()
    done = None if force else finished(output_dir / FOLDER, request)
    if done is not None:
        progress.say(f"found the result of {done.created}; --force sends it again")
    else:
        submission = prepare(run, request, output_dir / FOLDER, progress, force=force)
        print_submission(submission)
        _ask(submission, yes)
        done = execute(submission, progress, wait=wait, resubmit=resubmit)
    print_json(_document(done)) if json else print_hardware_run(done)


def _ask(submission: Submission, yes: bool) -> None:
    """Ask before something is sent that costs; where nobody can answer, refuse."""
    import sys

    from qlab.errors import RequestError

    if yes or not (submission.sends and submission.service.device.is_billed):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RequestError(f"this is sent to {submission.service.name} and costs: say --yes if that is meant")
    if not typer.confirm(f"Send it to {submission.service.name}?", err=True):
        raise RequestError("nothing was sent")


def _act(action: str, job: str | None, output_dir: Path, json: bool) -> None:
    from qlab.cli.hw_run_tables import print_hardware_run, print_list
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.jobs.hardware import hw_run

    root = output_dir / hw_run.FOLDER
    if action == "list" or (action == "status" and job is None):
        found = hw_run.listed(root)
        print_json([_document(one) for one in found]) if json else print_list(found)
        return
    if job is None:
        raise typer.BadParameter(f"qlab hw-run {action} JOB: which one? qlab hw-run list shows them")
    act = {"status": hw_run.status, "fetch": hw_run.fetch, "cancel": hw_run.cancel}[action]
    one = act(root, job, for_standard_error())
    print_json(_document(one)) if json else print_hardware_run(one)


def _login(instance: str | None) -> None:
    from qlab.hardware.account import login, read_token

    path = login(read_token(), instance)
    print(f"saved in {path}, for you alone to read")


def _document(one: object) -> dict[str, object]:
    """Return a hardware run as plain values."""
    from dataclasses import asdict

    from qlab.jobs.hardware.hw_run import HardwareRun

    assert isinstance(one, HardwareRun)
    return {
        "path": str(one.path),
        "uuid": one.uuid,
        "created": one.created,
        "request": one.request,
        "jobs": [asdict(state) for state in one.states],
        "result": one.result,
    }
