"""What a person reads of a benchmark."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qlab.bench.hybrid import HybridReport
from qlab.bench.outcome import Cell, Outcome, Timing, digits
from qlab.bench.problem import Problem
from qlab.bench.run import Report
from qlab.cli.output import print_facts, print_table

_BUSY = 0.3  # processes per processor that want to run besides the contestants


def print_report(report: Report) -> None:
    """Print a table for each problem, then who is how many times as slow as qlab, then what has to be known."""
    for cell in report.cells:
        rows = [_row(cell, outcome) for outcome in cell.outcomes]
        print_table(f"{cell.title}; checked against {cell.reference}", _header(cell.problem), rows)
        print()
    families = list(dict.fromkeys(family for cell in report.cells for family in cell.fastest()))
    if families:
        ratios = [(cell.title, *(_fastest(cell, family) for family in families)) for cell in report.cells]
        print_table("It takes so many times as long as qlab", ("", *families), ratios)
        print()
    print_facts("qlab bench", _facts(report))


def print_hybrid(report: HybridReport) -> None:
    """Print how long training steps take with each layer, and how many times as long as with a linear map."""
    for steps in report.steps:
        threads = "1 thread" if steps.threads == 1 else f"{steps.threads} threads"
        rows = [(layer, _spread(timing), f"{steps.ratio(layer):.2f}") for layer, timing in steps.timings.items()]
        title = f"A training step of the hybrid MNIST network, batch {report.batch}, {threads}"
        print_table(title, ("in the circuit's place", "step, ms", "ratio"), rows)
        print()
    print_facts("qlab bench --hybrid", _machine(report.machine))


def _header(problem: Problem) -> tuple[str, ...]:
    second = "standard error" if problem.sampled else "eval, ms"
    return "contestant", "step, ms", second, "MiB", "start, s", "error", "ratio"


def _row(cell: Cell, outcome: Outcome) -> tuple[str, ...]:
    split = f" ({outcome.split} samples at once)" if outcome.split else ""
    name = outcome.entry.name + split
    error = "" if outcome.error is None else f"{outcome.error:.1f}" if cell.problem.sampled else f"{outcome.error:.0e}"
    if outcome.state != "timed":
        return name, f"{outcome.state}: {outcome.reason}", "", "", "", error, ""
    started = "" if outcome.first_seconds is None else f"{outcome.first_seconds:.1f}"
    memory = "" if outcome.memory_mib is None else f"{outcome.memory_mib:.0f}"
    return (
        name,
        _spread(outcome.step_seconds),
        _second(cell.problem, outcome),
        memory,
        started,
        error,
        _ratio(cell.ratio(outcome)),
    )


def _second(problem: Problem, outcome: Outcome) -> str:
    """Return the evaluation's milliseconds; of sampled values their standard error."""
    if problem.sampled:
        return "" if outcome.squared_error is None else digits(math.sqrt(outcome.squared_error))
    evaluation = outcome.evaluation_seconds
    return "" if evaluation is None else digits(1e3 * evaluation.median)


def _spread(timing: Timing | None) -> str:
    """Return the median and half the distance of the quartiles."""
    if timing is None:
        return ""
    if timing.count == 1:
        return f"{digits(1e3 * timing.median)} (once)"
    return f"{digits(1e3 * timing.median)} ±{50 * (timing.high - timing.low) / timing.median:.0f} %"


def _fastest(cell: Cell, family: str) -> str:
    best = cell.fastest().get(family)
    return "" if best is None else _ratio(cell.ratio(best))


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else digits(ratio)


def _facts(report: Report) -> dict[str, str]:
    versions = {"versions": ", ".join(f"{name} {version}" for name, version in _versions(report).items())}
    absent = {f"{name} is not installed": install for name, install in report.absent.items()}
    return {**_machine(report.machine), **versions, **absent}


def _machine(machine: Mapping[str, Any]) -> dict[str, str]:
    load = machine["load_before"]
    facts = {
        "machine": f"{machine['processor'] or 'processor'}, {machine['cpu_count']} processors, {machine['platform']}"
    }
    if load is not None and load > _BUSY * machine["cpu_count"]:
        facts["busy"] = f"{load:.1f} other processes wanted a processor when it began: on a quiet machine all is faster"
    return facts


def _versions(report: Report) -> dict[str, str]:
    return {
        name: version
        for cell in report.cells
        for outcome in cell.outcomes
        for name, version in outcome.versions.items()
    }
