"""Sweeps that are small, and how tests look at them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from qlab.jobs.sweep.plan import check
from qlab.jobs.sweep.request import Request
from qlab.jobs.sweep.sweep import Swept, sweep

SMALL = (
    "dataset=digits", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=40", "head.n_qubits=3",
    "head.n_layers=1", "trainer.epochs=2", "threads=1",
)  # fmt: skip
TIMES = [
    "epoch_first", "epoch_median", "cpu_seconds", "peak_memory_mib", "training_seconds", "evaluation_seconds",
    "finished",
]  # fmt: skip
UNSTEADY = ("trainer=sgd", "head.readout=linear", "trainer.lr=0.1", "trainer.batch_size=4")
DIVERGES = (*UNSTEADY, "trainer.weight_decay=0,1e6")  # the second


def run(*words: str, paired: tuple[str, ...] = (), **flags: bool) -> Swept:
    """Run a small sweep in this process."""
    return sweep(check(Request.of_words([*SMALL, *words], paired, **flags)))


def trained(folder: Path) -> dict[str, int]:
    """Return how often each training of the sweep in ``folder`` was begun from its first epoch, by its key."""
    logs = (folder / "points").glob("*.log")
    return {log.stem: log.read_text().count("  epoch 1/") for log in logs if len(log.stem) == 12}


def evaluated(folder: Path) -> dict[str, int]:
    """Return how often each evaluation of the sweep in ``folder`` was computed, by its keys."""
    logs = (folder / "points").glob("*.log")
    return {log.stem: log.read_text().count("  evaluated ") for log in logs if len(log.stem) > 12}


def without_times(folder: Path) -> str:
    """Return results.csv less its columns of times, as text."""
    table = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    assert list(table.columns[-len(TIMES) :]) == TIMES
    return table.drop(columns=TIMES).to_csv(index=False)


def rows(swept: Swept) -> list[Mapping[str, Any]]:
    """Return the table's rows."""
    found: list[Mapping[str, Any]] = json.loads(swept.table.to_json(orient="records"))
    return found
