"""What a person reads of a hardware run: what it would take, where it is, and what came out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qlab.cli.output import print_table
from qlab.hardware.journal import said_budget
from qlab.hardware.mitigation.extrapolation import amplification
from qlab.reports.values import MISSING, counted, decimals, interval, shown

if TYPE_CHECKING:
    from qlab.jobs.hardware.hw_run import HardwareRun
    from qlab.jobs.hardware.submission import Submission


def print_submission(submission: Submission) -> None:
    """Print on standard error what is about to be sent and what it takes."""
    cost, device = submission.cost, submission.service.device
    written, executed = submission.circuit.written, submission.circuit.executed
    parts = ", ".join(f"{count:,} {part}" for part, count in cost.by_part.items())
    lasting = "" if cost.circuit_seconds is None else f", {1e6 * cost.circuit_seconds:.1f} us each"
    lines = [*map(_ended, submission.ends())]
    lines += [
        f"{device.name}: {counted(len(submission.question.inputs), 'sample')}, {counted(cost.jobs, 'job')}, "
        f"{cost.executions:,} executions ({parts}){lasting}",
        f"circuit: {written.two_qubit_gates} two-qubit gates and depth {written.depth} as written, "
        f"{executed.two_qubit_gates} and {executed.depth} on {executed.n_qubits} qubits of the device",
    ]
    scales = submission.request.scales
    if len(scales) > 1:
        line, curve = amplification(scales, "linear"), amplification(scales, "richardson")
        lines.append(
            f"extrapolation makes the chance of shots {line:.1f} (linear) and {curve:.1f} times larger (Richardson)"
        )
    if submission.request.repeats > 1:
        lines.append(
            f"level 2 extrapolates over {submission.request.repeats} noise factors, and executes all for each of them"
        )
    if submission.request.estimates:
        lines.append("an estimator answers with expectation values: no counts are kept")
    if device.is_billed:
        left = "" if submission.seconds_left is None else f"; the account has {submission.seconds_left:g} left"
        lines.append(
            f"at least {cost.qpu_seconds:.1f} QPU seconds, loading and {_uncounted(submission)} not counted{left}"
        )
    if submission.begun is not None:
        lines.append(f"goes on with {submission.begun.intent.uuid}, which is not finished{_limit(submission)}")
    print("\n".join(lines), file=sys.stderr)


def print_hardware_run(one: HardwareRun) -> None:
    """Print the result where there is one, else where the jobs are."""
    if one.result is None:
        rows = [[state.job or MISSING, state.stage, state.message or MISSING] for state in one.states]
        print_table(f"{one.uuid} on {one.request['device']}", ["job", "state", "message"], rows)
        if not any(state.stage in ("failed", "cancelled", "refused") for state in one.states):
            print(f"qlab hw-run fetch {one.uuid} gets the result when they are done")
        return
    result = one.result
    simulated = ", simulated here" if result["device"]["is_simulator"] else ""
    rows = [_cells(row) for row in result["rows"]]
    header = ["values", "accuracy", "95 % interval", "changed", "shift", "shot error"]
    where = f"{result['device']['name']}{simulated}"
    print_table(f"{result['samples']} samples on {where}, {result['request']['shots']} shots", header, rows)
    seconds = result["qpu_seconds"]
    calibrated = result["device"]["calibrated"]
    facts = [
        counted(len(result["jobs"]), "job"),
        *([f"{seconds:g} QPU seconds"] if seconds is not None else []),
        *([f"calibrated {calibrated}"] if calibrated else []),
        f"qubits {', '.join(map(str, result['layout']))}",
    ]
    print("; ".join(facts))
    print("changed: predictions that differ from the ideal ones; shift: from the ideal values, root mean square")
    for name in result["made_worse"]:
        print(f"{name.replace('_', ' ')} is further from the ideal values than what was read")
    if one.has_predictions:
        print(f"{'counts, ' if result['counts_kept'] else ''}values and predictions: {one.path}")
    else:
        print(f"the values and predictions are missing; qlab hw-run fetch {one.uuid} makes them anew")
    for ended in result["earlier"]:
        print(_ended(ended))


def print_list(found: Sequence[HardwareRun]) -> None:
    """Print every hardware run on disk."""
    if not found:
        print("no hardware runs")
        return
    rows = [
        [
            one.uuid[:8],
            one.created[:16].replace("T", " "),
            str(one.request["device"]),
            str(one.request["run"]),
            shown(one.request["shots"]),
            _stages(one),
        ]
        for one in found
    ]
    print_table("", ["uuid", "begun (UTC)", "device", "run", "shots", "jobs"], rows)


def _stages(one: HardwareRun) -> str:
    stages = list(dict.fromkeys(state.stage for state in one.states))
    return "not fetched" if stages == ["done"] and one.result is None else ", ".join(stages)


def _ended(ended: dict[str, Any]) -> str:
    """Return how a job of the same request ended before, in one line."""
    how = {"failed": "has failed", "cancelled": "was cancelled"}.get(ended["stage"], f"was {ended['stage']}")
    said = f": {ended['message']}" if ended["message"] else ""
    billed = "" if ended["usage"] is None else f"; {ended['usage']:g} QPU seconds were billed for it"
    return f"an earlier job, {ended['job'] or 'never sent'}, begun {ended['begun']}, {how}{said}{billed}"


def _uncounted(submission: Submission) -> str:
    """Return what else the service does to mitigate errors."""
    learns = submission.request.resilience_level > 0
    return "circuits that learn the errors of readout" if learns else "the service's own mitigation"


def _limit(submission: Submission) -> str:
    """Return under which limit a run goes on that is not finished."""
    begun, asked = submission.begun, submission.budget
    if begun is None or not submission.service.device.is_billed:
        return ""
    budget = asked if asked is not None else begun.intent.budget
    return f", with {said_budget(None if budget is None else budget.seconds)}"


def _cells(row: dict[str, Any]) -> list[str]:
    metrics = row["metrics"]
    return [
        str(row["name"]).replace("_", " "),
        decimals(metrics["accuracy"]),
        interval(metrics["accuracy_low"], metrics["accuracy_high"]),
        f"{row['changed_predictions']} of {metrics['n']}",
        decimals(row["shift_rms"]),
        decimals(row["standard_error_rms"]),
    ]
