"""Tables and records as sweeps and runs make them, without running anything."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from qlab.records.record import SCHEMA

METRICS = (
    *("accuracy_low", "accuracy_high", "balanced_accuracy", "majority_accuracy", "cross_entropy"),
    *("roc_auc", "average_precision"),
)
ENVIRONMENT = {
    "python": "3.11.7",
    "versions": {"qlab": "0.1.0", "torch": "2.13.0", "qiskit": None},
    "commit": "0123456789abcdef",
    "dirty": False,
    "platform": "Linux x86_64",
    "cpu_count": 2,
    "threads": 1,
    "plugins": {},
}
EXECUTION = {
    "insertions": {"depolarizing": 24},
    "shots": None,
    "seed": 0,
    "executed": {"n_qubits": 4, "depth": 7, "two_qubit_gates": 4},
    "provenance": {},
    "simulation": "density",
    "standard_error_mean": None,
    "standard_error_max": None,
    "trajectories_mean": None,
    "trajectories_total": None,
    "shift_mean": -0.01,
    "shift_rms": 0.02,
}


def points(axes: Mapping[str, Sequence[Any]], accuracy: Any = None, n: int = 1000) -> pd.DataFrame:
    """Return the table of a sweep over ``axes``, every point done; ``accuracy`` maps a point's values to its own."""
    rows = []
    for number, values in enumerate(itertools.product(*axes.values())):
        point = dict(zip(axes, values, strict=True))
        value = accuracy(point) if accuracy is not None else 0.5 + (number % 40) / 100
        rows.append(
            {
                **point,
                "status": "done",
                "n": n,
                "accuracy": value,
                **dict.fromkeys(METRICS, 0.5),
                "val_accuracy": value,
                "trainable": 72,
                "kept_epoch": 3,
                "train_key": f"{number:012x}",
                "evaluation_key": "",
                "run": f"runs/made-up-{number:012x}",
                "error": "",
                "log": "",
                "training_seconds": 1.5,
                "evaluation_seconds": None,
                "finished": "2026-01-01T00:00:00+00:00",
            }
        )
    return pd.DataFrame(rows).astype({"n": "Int64", "kept_epoch": "Int64"})


def fail(table: pd.DataFrame, row: int, error: str, status: str = "failed", log: str = "") -> pd.DataFrame:
    """Return the table with a point that is not done."""
    table = table.copy()
    table.loc[row, ["n", "accuracy", *METRICS]] = None
    table.loc[row, ["status", "error", "log"]] = [status, error, log]
    return table


def metrics(accuracy: float = 0.75) -> dict[str, Any]:
    """Return the metrics of 40 examples of two classes."""
    right = round(20 * accuracy)
    return {
        "n": 40,
        "accuracy": accuracy,
        "accuracy_low": accuracy - 0.1,
        "accuracy_high": accuracy + 0.1,
        "balanced_accuracy": accuracy,
        "majority_accuracy": 0.5,
        "cross_entropy": 0.6,
        "roc_auc": None,
        "average_precision": None,
        "confusion": [[right, 20 - right], [20 - right, right]],
    }


def record(key: str = "0" * 12, **changes: Any) -> dict[str, Any]:
    """Return the record of a training run."""
    config = {
        "dataset": {"name": "digits"},
        "encoder": {"name": "pca", "n_features": 4},
        "head": {"name": "vqc", "n_qubits": 4},
        "noise": {"name": "none"},
        "backend": {"name": "engine", "shots": None},
        "trainer": {"optimizer": "adam", "lr": 0.01, "batch_size": 32},
        "seed": 0,
    }
    return {
        "schema": SCHEMA,
        "kind": "train",
        "key": key,
        "name": "made-up",
        "config": config,
        "dataset": {
            "name": "digits",
            "source": "real",
            "classes": ["zero", "one"],
            "fingerprint": "f" * 8,
            "sizes": {"train": 60, "val": 30, "test": 40},
            "duplicates_removed": 0,
            "provenance": {"origin": "scikit-learn"},
        },
        "backend": {"name": "engine", "method": "compiled"},
        "noise": {"name": "none"},
        "execution": None,
        "metrics": metrics(),
        "timing": {"training": 1.0, "total": 2.0},
        "peak_memory_mib": 100.0,
        "environment": ENVIRONMENT,
        "finished": "2026-01-01T00:00:00+00:00",
        "parameters": {"trainable": 82, "frozen": 256, "quantum": 72, "classical": 10},
        "circuit": {"n_qubits": 4, "depth": 7, "gates": 20, "two_qubit_gates": 4, "inputs": 4, "weights": 12},
        "encoder": {"n_features": 4, "features_cached": False},
        "training": {
            "epochs": 2,
            "executions": {"training, forward": 120},
            "kept_epoch": 2,
            "stopped_early": False,
            "train_loss": 0.7,
            "val_loss": 0.8,
        },
        "val_metrics": metrics(0.7),
        **changes,
    }


def evaluation(key: str = "1" * 12, **changes: Any) -> dict[str, Any]:
    """Return the record of an evaluation of ``record()`` under noise."""
    common = {
        name: value
        for name, value in record().items()
        if name not in ("parameters", "circuit", "encoder", "training", "val_metrics")
    }
    return {
        **common,
        "kind": "evaluation",
        "key": key,
        "noise": {"name": "depolarizing", "p": 0.01, "p2": None},
        "execution": EXECUTION,
        "metrics": metrics(0.65),
        "run_key": "0" * 12,
        "split": "test",
        "changed_predictions": 5,
        "same_features": True,
        **changes,
    }
