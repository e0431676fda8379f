"""All problems of a benchmark, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from qlab.bench import surroundings
from qlab.bench.catalogue import Entry
from qlab.bench.contests import entries_for, reference_for
from qlab.bench.outcome import Cell
from qlab.bench.problem import Problem
from qlab.bench.race import Rules, race, units
from qlab.bench.request import Request
from qlab.progress import Progress
from qlab.records.environment import environment

Contestants = Callable[[Problem], Sequence[Entry]]


@dataclass
class Report:
    """What a benchmark found.

    Attributes:
        machine: processor, number of processors, load before and after, versions.
        request: what was asked for.
        absent: contestants that were not found, with how to get each.
        cells: one for each problem and number of threads.
    """

    machine: dict[str, Any]
    request: Request
    absent: dict[str, str]
    cells: list[Cell] = field(default_factory=list)

    def failures(self) -> list[str]:
        """Return where and why qlab itself was not timed."""
        return [cell.summary() for cell in self.cells if cell.own.state != "timed"]

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "machine": self.machine,
            "request": asdict(self.request),
            "absent": self.absent,
            "cells": [cell.to_json() for cell in self.cells],
        }


def bench(request: Request, progress: Progress, entries: Contestants = entries_for) -> Report:
    """Race every contestant that is found on every problem, and report each problem as it is done."""
    report, races = Report(_machine(), request, {}), []
    for problem in request.problems():
        found = [each for each in entries(problem) if each.name in request.pythons or each.is_importable()]
        report.absent |= {entry.name: entry.install for entry in entries(problem) if entry not in found}
        rules = Rules(request.seconds, request.patience, found, request.pythons)
        races += [(Cell(problem, threads, reference_for(problem).name), rules) for threads in request.threads]
    with closing(_work(report, races, progress)) as work:
        for _ in progress.track(work, "bench", sum(units(rules) for _, rules in races)):
            pass
    report.machine["load_after"] = surroundings.load()
    return report


def _work(report: Report, races: Sequence[tuple[Cell, Rules]], progress: Progress) -> Generator[None, None, None]:
    for cell, rules in races:
        yield from race(cell, rules)
        report.cells.append(cell)
        progress.say(cell.summary())


def _machine() -> dict[str, Any]:
    count = len(surroundings.processors())
    return {
        "processor": surroundings.processor_name(),
        **environment(count),
        "load_before": surroundings.load(),
        "load_after": None,
    }
