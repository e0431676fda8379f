"""The attacks on a run, as its page shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from qlab.records.store import RunFolder
from qlab.reports.attack_tables import curve_cells, note, verdict
from qlab.reports.tables import Cells


@dataclass(frozen=True)
class Attacked:
    """One attack.

    Attributes:
        key: of the attack.
        curves: what is left at each eps.
        note: what was attacked and how, and whether it can be believed.
    """

    key: str
    curves: Cells
    note: str


def attacks_on(folder: RunFolder) -> tuple[list[Attacked], list[str]]:
    """Return the attacks on a run in the order they were made, and what is wrong with those that cannot be read."""
    found, damaged = list[tuple[str, Attacked]](), list[str]()
    for path in sorted(folder.attacks.glob("*/result.json")):
        try:
            result: dict[str, Any] = json.loads(path.read_bytes())
            one = Attacked(path.parent.name, curve_cells(result), f"{verdict(result)} {note(result)}")
            found.append((str(result["finished"]), one))
        except (ValueError, KeyError, TypeError, IndexError):
            damaged.append(f"An attack is left out: {path} is damaged.")
    return [one for _, one in sorted(found, key=lambda pair: pair[0])], damaged
