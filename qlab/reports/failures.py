"""What went wrong in a sweep, one entry for each different error."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.reports.grouping import FAILED
from qlab.reports.values import shown

MOST_NAMED = 12
LINES_OF_LOG = 40


@dataclass(frozen=True)
class Failure:
    """Points that ended in the same error.

    Attributes:
        points: which.
        status: ``failed`` or ``lost``.
        error: one line.
        path: the log of the first of them.
        log: its last lines.
    """

    points: str
    status: str
    error: str
    path: str
    log: str


def failures(table: pd.DataFrame, swept: Sequence[str], folder: Path) -> list[Failure]:
    """Return the failures of a table in its order; logs are looked for in ``folder``, the sweep's."""
    bad = table[table["status"].isin(FAILED)]
    found = []
    for (status, error), same in bad.groupby(["status", "error"], sort=False, dropna=False):
        named = [_point(row, swept) for row in same.head(MOST_NAMED).to_dict("records")]
        more = len(same) - len(named)
        path = shown(same["log"].iloc[0]) if same["log"].iloc[0] else ""
        found.append(
            Failure(
                "; ".join(named) + (f"; and {more} more" if more else ""),
                str(status),
                shown(error),
                path,
                _tail(folder, path),
            )
        )
    return found


def _point(row: Mapping[Hashable, Any], swept: Sequence[str]) -> str:
    return ", ".join(f"{key} = {shown(row[key])}" for key in swept)


def _tail(folder: Path, path: str) -> str:
    file = folder / path
    if not path or not file.is_file():
        return ""
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES_OF_LOG:])
