"""What is compared of a recipe: counts, what data and encoder give, what training and evaluation end with, a probe.

Another processor adds up in another order, and training amplifies what single precision makes of that. Between vector
instructions of AVX-512, of AVX2 and none at all, what training ends with moved by less than a tenth of its tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from qlab.config.schema import RunConfig
from qlab.jobs.model import input_shape
from qlab.jobs.prepare import Task, encode_data, load_data
from qlab.jobs.regress.comparison import Difference
from qlab.jobs.regress.probing import probe_circuit
from qlab.jobs.regress.quantity import Exact, Quantity, measured
from qlab.jobs.run import Run
from qlab.progress import Silent

PIXELS = 1e-5  # of a mean over images: generated ones go through exponentials
FEATURES = 2e-4  # of features of unit variance
LOSSES = 1e-4
LOGITS = 1e-3  # of one example; those of a circuit span -5 to 5
SHIFTS = 1e-5  # of expectation values under noise from their ideal ones, in the mean
ERRORS = 0.2  # of standard errors, which are estimates themselves; half the shots make them larger by 0.4
_EXAMPLES = 10


def observe(config: RunConfig, run: Run) -> tuple[dict[str, Quantity], list[Difference]]:
    """Return the quantities of a recipe that has just been run, and how they differ from PennyLane's."""
    task = encode_data(config, load_data(config, Silent()))
    shape, classes = input_shape(config, task.dataset), len(task.dataset.classes)
    probed, differences = probe_circuit(config, shape, classes)
    found = {**_counted(run), **_prepared(task), **_trained(run), **_evaluated(run), **probed}
    return found, differences


def _counted(run: Run) -> dict[str, Quantity]:
    record = run.record
    data = record.dataset
    counts: dict[str, Any] = {
        "parameters": record.parameters,
        "circuit": record.circuit or {},
        "data": {"name": data["name"], "classes": len(data["classes"]), "duplicates": data["duplicates_removed"]},
        "data.sizes": data["sizes"],
        "training": {"epochs": record.training["epochs"]},
        "training.executions": record.training["executions"],
        "backend": record.backend if record.circuit else {},
    }
    return {f"{group}.{name}": _exact(value) for group, values in counts.items() for name, value in values.items()}


def _prepared(task: Task) -> dict[str, Quantity]:
    """Return what stands for images, labels and features."""
    test = task.splits.test
    images, features = task.dataset.images[test].astype(np.float64), task.features.test
    return {
        "data.test_labels": Exact(" ".join(map(str, task.dataset.labels[test][:_EXAMPLES]))),
        "data.mean_pixel_size": measured(float(np.abs(images).mean()), "relative", PIXELS),
        "encoder.features": measured(features[0][:_EXAMPLES].tolist(), "absolute", FEATURES),
        "encoder.mean_feature_size": measured(float(np.abs(features.astype(np.float64)).mean()), "absolute", FEATURES),
    }


def _trained(run: Run) -> dict[str, Quantity]:
    """Return what training ended with; nothing where it was drawn, for nobody knows the error of what it learnt."""
    record = run.record
    conditions = _executed("training", record.execution, record.metrics["n"])
    if _is_drawn(record.execution):
        return conditions
    return {
        "training.train_loss": measured(record.training["train_loss"], "relative", LOSSES),
        "training.val_loss": measured(record.training["val_loss"], "relative", LOSSES),
        **_scores("test", record.metrics),
        "test.logits": measured(run.predictions["test_logits"][0].tolist(), "absolute", LOGITS),
        **conditions,
    }


def _evaluated(run: Run) -> dict[str, Quantity]:
    """Return what the evaluation under noise or from shots gave, where there was one."""
    record = None if run.evaluation is None else run.evaluation.record
    if record is None:
        return {}
    scores = {} if _is_drawn(record.execution) else _scores("evaluation", record.metrics)
    return {**scores, **_executed("evaluation", record.execution, record.metrics["n"])}


def _scores(part: str, metrics: Mapping[str, Any]) -> dict[str, Quantity]:
    one_example = 1.5 / metrics["n"]  # on the edge between two classes rounding decides
    return {
        f"{part}.cross_entropy": measured(metrics["cross_entropy"], "relative", LOSSES),
        f"{part}.accuracy": measured(metrics["accuracy"], "absolute", one_example),
    }


def _executed(part: str, execution: Mapping[str, Any] | None, n: int) -> dict[str, Quantity]:
    """Return what a record says of noise and shots for ``n`` examples."""
    if execution is None:
        return {}
    counts = {
        **{f"insertions.{name}": count for name, count in execution["insertions"].items()},
        **{f"executed.{name}": count for name, count in execution["executed"].items()},
        "simulation": execution["simulation"],
        "shots": execution["shots"],
    }
    found: dict[str, Quantity] = {f"{part}.{name}": _exact(value) for name, value in counts.items()}
    shift = execution["shift_mean"]
    if shift is not None and _is_drawn(execution):
        # The errors of an example's expectation values go together, those of two examples do not.
        error = execution["standard_error_max"] / math.sqrt(n)
        found[f"{part}.shift"] = measured(shift, "standard_error", error)
        found[f"{part}.standard_error"] = measured(execution["standard_error_mean"], "relative", ERRORS)
    elif shift is not None:
        found[f"{part}.shift"] = measured(shift, "absolute", SHIFTS)
        found[f"{part}.shift_rms"] = measured(execution["shift_rms"], "absolute", SHIFTS)
    return found


def _is_drawn(execution: Mapping[str, Any] | None) -> bool:
    return execution is not None and execution["standard_error_mean"] is not None


def _exact(value: Any) -> Exact:
    return Exact(value if isinstance(value, int | None) else str(value))
