"""What a person reads of regressions, and what a program does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qlab.cli.output import print_table
from qlab.jobs.regress.run import Outcome

_DIGITS = 7


def line(outcome: Outcome) -> str:
    """Return one line about a recipe."""
    return f"{outcome.status:<14}  {outcome.recipe:<26}  {outcome.seconds:5.1f} s  {outcome.headline}"


def print_differences(outcomes: Sequence[Outcome], *, update: bool) -> None:
    """Print a table for each recipe that differs or changed, tracebacks on standard error, and the sum."""
    for outcome in outcomes:
        if outcome.details is not None:
            print(outcome.details, file=sys.stderr)
        if outcome.differences:
            _print_table(outcome)
    wrong = sum(outcome.is_regression for outcome in outcomes)
    if update and all(outcome.status == "passed" for outcome in outcomes):
        print("nothing changed")
    seconds = sum(outcome.seconds for outcome in outcomes)
    print(f"{len(outcomes) - wrong} of {len(outcomes)} as expected, {seconds:.0f} s")


def to_json(folder: Path, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return outcomes as plain values."""
    return {
        "folder": str(folder),
        "passed": not any(outcome.is_regression for outcome in outcomes),
        "recipes": [
            {**vars(outcome), "differences": [vars(difference) for difference in outcome.differences]}
            for outcome in outcomes
        ],
    }


def _print_table(outcome: Outcome) -> None:
    before, now = ("was", "is now") if outcome.status == "updated" else ("expected", "found")
    rows = [
        (d.quantity, _cell(d.expected), _cell(d.found), _cell(d.difference, 3), d.allowed) for d in outcome.differences
    ]
    print()
    print_table(f"{outcome.recipe}: {outcome.status}", ("quantity", before, now, "difference", "allowed"), rows)


def _cell(value: float | str | None, digits: int = _DIGITS) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.{digits}g}"
