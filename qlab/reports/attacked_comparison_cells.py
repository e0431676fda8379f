"""Attacks on a comparison as a table for a reader, and what the reader must know of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from qlab.evaluation.comparison import CIRCUIT
from qlab.reports.attack_tables import NAMES, UNITS, how
from qlab.reports.comparison_cells import note
from qlab.reports.comparison_rows import Row, by_setting, fullest
from qlab.reports.tables import Cells
from qlab.reports.values import MISSING, decimals

Result = Mapping[str, Any]
_PARTS = {"train": "training", "val": "validation", "test": "test"}
_MARKS = {"better": " +", "worse": " −", "not distinguishable": ""}


def labelled(rows: Sequence[Row], result: Result) -> list[Row]:
    """Return the rows with attacks by their names for readers, and eps as it was written."""
    labels = _labels(result)
    return [
        dataclasses.replace(row, comparison=dataclasses.replace(row.comparison, setting=_read(row, labels)))
        for row in rows
    ]


def brief_cells(result: Result) -> Cells:
    """Return what has room in a terminal: means, those of models with + or − where the circuit is better or worse."""
    labels = _labels(result)
    models = list(dict.fromkeys(row["twin"] for row in result["rows"]))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    most: dict[tuple[str, ...], int] = {}
    for row in result["rows"]:
        place = (*(str(row[key]) for key in result["settings"]), _name(row["attack"]), labels[row["eps"]])
        line = lines.setdefault(place, {})
        line[row["twin"]] = f"{decimals(row['twin_mean'], 3)}{_MARKS[row['verdict']]}"
        if row["seeds"] > most.get(place, 0):  # a circuit's mean is over the seeds that it shares with the model
            most[place], line[CIRCUIT] = row["seeds"], decimals(row["circuit_mean"], 3)
    header = [*result["settings"], "attack", "eps", CIRCUIT, *models]
    return Cells(header, [[*place, *(line.get(name, MISSING) for name in header[-len(models) - 1 :])]
                          for place, line in lines.items()])  # fmt: skip


def remarks(rows: Sequence[Row], result: Result) -> list[str]:
    """Return how the table is to be read, what of the attacks cannot be believed, and what is not in it."""
    options = result["options"]
    said = [
        note(rows, "accuracy under attack", _PARTS[options["split"]]),
        f"Every run is attacked alike, on {result['n']} examples; one answered wrongly without any attack counts as "
        f"such. eps is L-infinity in {UNITS[options['units']]}. {how(options, result['attacks'])} "
        "What is attacked is the exact model: without noise and shots, dropout off, statistics of batches fixed.",
    ]
    return [*said, *warnings(result)]


def warnings(result: Result) -> list[str]:
    """Return what of the attacks cannot be believed, and which models and runs are not in the table."""
    counts = {name: sum(run["model"] == name for run in result["runs"]) for name in result["masked"]}
    of = ", ".join(f"{name} {number} of {counts[name]}" for name, number in result["masked"].items())
    said = []
    if result["masked"]:
        said.append(f"Gradients may be masked in runs of {of}: what attacks leave there is no measure of robustness.")
    elif not result["checked"]:
        said.append("Without PGD nothing was checked: attacks=[fgsm,pgd,square] looks for masked gradients.")
    said += [f"Left out: {name}, {reason}." for name, reason in result["left_out"].items()]
    said += [f"Missing: {one['model']}, seed {one['seed']}: {one['reason']}." for one in result["missing"]]
    return said


def means(rows: Sequence[Row]) -> dict[tuple[str, ...], dict[str, dict[float, tuple[float, float, float]]]]:
    """Return mean and both ends of its interval at each eps, by setting with the attack, then by model.

    A single seed has an interval without width.
    """
    found: dict[tuple[str, ...], dict[str, dict[float, tuple[float, float, float]]]] = {}
    for group in by_setting(rows).values():
        *values, eps = group[0].comparison.setting.values()
        if not isinstance(eps, float):
            continue
        models = {CIRCUIT: fullest(group).comparison.circuit} | {
            row.comparison.twin: row.comparison.against for row in group
        }
        for name, one in models.items():
            low, high = (one.mean, one.mean) if one.student is None else (one.student.low, one.student.high)
            found.setdefault(tuple(map(str, values)), {}).setdefault(name, {})[eps] = (one.mean, low, high)
    return found


def _read(row: Row, labels: Mapping[Any, str]) -> dict[str, object]:
    setting = dict(row.comparison.setting)
    return {**setting, "attack": _name(str(setting["attack"])), "eps": labels[setting["eps"]]}


def _labels(result: Result) -> dict[float | None, str]:
    return {0.0: "0", None: MISSING, **{radius["value"]: radius["label"] for radius in result["eps"]}}


def _name(attack: str) -> str:
    return NAMES.get(attack, "no attack")
