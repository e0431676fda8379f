"""What a person reads of a run and of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qlab.cli.output import print_facts
from qlab.records.environment import made_by_other_code
from qlab.reports.facts import effort
from qlab.reports.values import component

if TYPE_CHECKING:
    from qlab.jobs.run import Evaluation, Run
    from qlab.records.record import Record, TrainRecord


def print_run(run: Run) -> None:
    """Print the table of a training run."""
    record = run.record
    facts = {
        **_data(record.dataset),
        "encoder": _encoder(record),
        "head": _head(record),
        **({} if record.circuit is None else {"backend": component(record.backend)}),
        **({} if record.execution is None else {"noise": component(record.noise), **_conditions(record.execution)}),
        **_scores(record.metrics, "test"),
        "validation accuracy": _accuracy(record.val_metrics),
        "training": _training(record),
        "seconds": ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in record.timing.items()),
        **effort(asdict(record)),
        "peak memory": f"{record.peak_memory_mib:.0f} MiB",
        "result": _result(record, run.found),
        "files": str(run.path),
    }
    print_facts(f"{record.name}  ({record.key})", facts)


def print_evaluation(run: Run, evaluation: Evaluation) -> None:
    """Print the table of an evaluation beside the run's own accuracy."""
    record = evaluation.record
    changed = record.changed_predictions
    facts = {
        **_data(record.dataset),
        "backend": component(record.backend),
        "noise": component(record.noise),
        **_conditions(record.execution),
        **_scores(record.metrics, record.split),
        "the run's own test accuracy": _accuracy(run.metrics),
        "changed predictions": "not known for this split" if changed is None else f"{changed}",
        "features": "those of training" if record.same_features else "computed anew, not bit for bit those of training",
        "seconds": ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in record.timing.items()),
        "result": _result(record, evaluation.found),
        "files": str(run.folder.evaluation(record.key)),
    }
    print_facts(f"evaluation of {run.path.name}  ({record.key})", facts)


def _conditions(execution: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what was inserted, how it was executed and how exact the expectation values are."""
    if execution is None:
        return {}
    inserted = ", ".join(f"{count} {name}" for name, count in execution["insertions"].items())
    executed = execution["executed"]
    facts = {
        "inserted": inserted or "nothing",
        "circuit as executed": (
            f"{executed['n_qubits']} qubits, depth {executed['depth']}, {executed['two_qubit_gates']} two-qubit gates"
        ),
        "simulation": str(execution["simulation"]),
        "shots": "none, expectation values" if execution["shots"] is None else f"{execution['shots']} per example",
    }
    if execution["trajectories_mean"] is not None:
        facts["trajectories"] = f"{execution['trajectories_mean']:.0f} per example"
    if execution["standard_error_mean"] is not None:
        mean, largest = execution["standard_error_mean"], execution["standard_error_max"]
        facts["standard error of <Z>"] = f"{mean:.4f} on average, at most {largest:.4f}"
    if execution["shift_mean"] is not None:
        size = execution.get("shift_rms")  # records of older code have another one
        root = "" if size is None else f", {size:.4f} root mean square"
        facts["shift of <Z> from ideal"] = f"{execution['shift_mean']:+.4f} on average{root}"
    return facts


def _data(dataset: Mapping[str, Any]) -> dict[str, str]:
    sizes = ", ".join(f"{part} {size}" for part, size in dataset["sizes"].items())
    removed = dataset["duplicates_removed"]
    return {
        "dataset": f"{dataset['name']} ({dataset['source']}), {len(dataset['classes'])} classes",
        "examples": sizes + (f"; {removed} duplicates removed" if removed else ""),
    }


def _encoder(record: TrainRecord) -> str:
    cached = ", features from cache" if record.encoder["features_cached"] else ""
    config = record.config["encoder"]
    notable = [str(config[key]) for key in ("depth", "weights", "projection") if key in config]
    described = " ".join([config["name"], *notable])
    return f"{described}: {record.encoder['n_features']} features, {record.parameters['frozen']} frozen numbers{cached}"


def _head(record: TrainRecord) -> str:
    counts = record.parameters
    text = f"{record.config['head']['name']}: {counts['trainable']} trainable ({counts['quantum']} quantum)"
    if record.circuit is not None:
        circuit = record.circuit
        text += (
            f"; {circuit['n_qubits']} qubits, depth {circuit['depth']}, {circuit['two_qubit_gates']} two-qubit gates"
        )
    return text


def _scores(metrics: Mapping[str, Any], part: str) -> dict[str, str]:
    return {
        f"{part} accuracy": _accuracy(metrics),
        **{f"accuracy, {name}": _accuracy(family) for name, family in metrics.get("families", {}).items()},
        "balanced accuracy": f"{metrics['balanced_accuracy']:.4f}",
        "ROC-AUC": _area(metrics["roc_auc"]),
        "average precision": _area(metrics["average_precision"]),
        "cross entropy": f"{metrics['cross_entropy']:.4f}",
        "always the largest class": f"{metrics['majority_accuracy']:.4f}",
    }


def _area(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _accuracy(metrics: Mapping[str, Any]) -> str:
    low, high = metrics["accuracy_low"], metrics["accuracy_high"]
    return f"{metrics['accuracy']:.4f}  (95 % interval {low:.4f} to {high:.4f}, n = {metrics['n']})"


def _training(record: TrainRecord) -> str:
    training = record.training
    early = ", stopped early" if training["stopped_early"] else ""
    return f"{training['epochs']} epochs{early}, kept epoch {training['kept_epoch']}, seed {record.config['seed']}"


def _result(record: Record, found: bool) -> str:
    return f"found, finished {record.finished}{_other_code(record.environment)}" if found else "computed now"


def _other_code(environment: Mapping[str, Any]) -> str:
    other = made_by_other_code(environment)
    return f", made by other code ({other}); --force computes it again" if other else ""
