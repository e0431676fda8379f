"""The page of one training run and of its evaluations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from qlab.errors import CorruptFileError
from qlab.files import write_bytes
from qlab.records.record import EvaluationRecord, TrainRecord
from qlab.records.store import RunFolder
from qlab.reports import facts
from qlab.reports.curves import training_curves
from qlab.reports.figure import svg
from qlab.reports.findings import about_records
from qlab.reports.grouping import CONFIDENCE, TEST_SET
from qlab.reports.page import Bars, inline, render
from qlab.reports.run_attacks import attacks_on
from qlab.reports.tables import Cells
from qlab.reports.values import component, counted, decimals, interval, shown

CURVES = "Cross entropy and validation accuracy by epoch; the dashed line is the epoch whose weights were kept."


def write_run_page(folder: RunFolder, drawing: str | None) -> None:
    """Write ``report.html`` into the folder of a finished run, whole or not at all.

    Args:
        folder: the run's.
        drawing: of the head's circuit; None for a classical head.

    Raises:
        CorruptFileError: the record or the history is damaged.
    """
    record = dataclasses.asdict(TrainRecord.read(folder.result))
    evaluations, damaged = _evaluations(folder)
    attacks, unreadable = attacks_on(folder)
    known = [record, *evaluations]
    page = render(
        "run.html",
        kind="Training run",
        title=folder.path.name,
        summary=_summary(record),
        notices=[*about_records(known), *_about_features(evaluations), *damaged, *unreadable],
        scores=_scores(record),
        evaluations=_table(record, evaluations),
        bars=_bars(known),
        executions=facts.executions(known),
        attacks=attacks,
        curves=inline(svg(training_curves(_history(folder), record["training"]["kept_epoch"])), CURVES),
        curves_caption=CURVES,
        training=_training(record),
        confusion=_confusion(record),
        model=_model(record),
        circuit={"title": "What the head executes for every example", "text": drawing} if drawing else None,
        resources=facts.circuit(record),
        dataset=facts.dataset([record]),
        configuration=facts.configuration([record]),
        provenance=facts.provenance([record]),
    )
    write_bytes(folder.report, page)


def _evaluations(folder: RunFolder) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the evaluations in the order they were made, and what is wrong with those that cannot be read."""
    found, damaged = [], []
    for path in sorted(folder.evaluations.glob("*.json")):
        try:
            found.append(dataclasses.asdict(EvaluationRecord.read(path)))
        except CorruptFileError as error:
            damaged.append(f"An evaluation is left out: {error}.")
    return sorted(found, key=lambda record: str(record["finished"])), damaged


def _history(folder: RunFolder) -> pd.DataFrame:
    try:
        return pd.read_csv(folder.history)
    except (OSError, ValueError) as error:
        raise CorruptFileError(f"{folder.history} is damaged or missing; train the run again with --force") from error


def _summary(record: Mapping[str, Any]) -> str:
    config, data = record["config"], record["dataset"]
    parts = (
        f"{data['name']} ({data['source']} data)",
        f"encoder {config['encoder']['name']}",
        f"head {config['head']['name']}",
        f"seed {config['seed']}",
    )
    return " · ".join(parts)


def _scores(record: Mapping[str, Any]) -> list[dict[str, str]]:
    test, val = record["metrics"], record["val_metrics"]
    return [
        _proportion("test accuracy", test),
        _proportion("validation accuracy", val),
        {
            "name": "largest class always",
            "value": decimals(test["majority_accuracy"]),
            "note": "accuracy of answering nothing else",
        },
        {
            "name": "balanced accuracy",
            "value": decimals(test["balanced_accuracy"]),
            "note": "mean of the classes' own accuracies",
        },
        {"name": "ROC-AUC", "value": decimals(test["roc_auc"]), "note": "one class against the rest"},
        {
            "name": "average precision",
            "value": decimals(test["average_precision"]),
            "note": "area under the precision-recall curve",
        },
        {"name": "cross entropy", "value": decimals(test["cross_entropy"]), "note": "nats per test example"},
    ]


def _proportion(name: str, metrics: Mapping[str, Any]) -> dict[str, str]:
    ends = interval(metrics["accuracy_low"], metrics["accuracy_high"])
    return {"name": name, "value": decimals(metrics["accuracy"]), "note": f"{ends}, n = {metrics['n']}"}


def _table(record: Mapping[str, Any], evaluations: Sequence[Mapping[str, Any]]) -> Cells | None:
    if not evaluations:
        return None
    header = ["noise", "shots", "backend", "split", "accuracy", "95 % interval", "change", "changed predictions"]
    return Cells(header, [_conditions(one, record["metrics"]["accuracy"]) for one in (record, *evaluations)])


def _conditions(record: Mapping[str, Any], trained: float) -> list[str]:
    metrics, of_run = record["metrics"], "run_key" not in record
    split = record.get("split", "test")
    same_split = split == "test" and not of_run
    return [
        component(record["noise"]) + (" (the run itself)" if of_run else ""),
        shown((record["execution"] or {}).get("shots")),
        str(record["backend"]["name"]),
        split,
        decimals(metrics["accuracy"]),
        interval(metrics["accuracy_low"], metrics["accuracy_high"]),
        f"{metrics['accuracy'] - trained:+.4f}" if same_split else "–",
        shown(record.get("changed_predictions")),
    ]


def _bars(records: Sequence[Mapping[str, Any]]) -> Bars | None:
    columns = {"mean": "accuracy", "lower": "accuracy_low", "upper": "accuracy_high"}
    rows = pd.DataFrame([{name: record["metrics"][key] for name, key in columns.items()} for record in records])
    return Bars.of(rows.assign(interval=TEST_SET))


def _about_features(evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    other = sum(not record["same_features"] for record in evaluations)
    if not other:
        return []
    number = counted(len(evaluations), "evaluation")
    return [f"{other} of {number} used features that are not bit for bit those of training."]


def _training(record: Mapping[str, Any]) -> dict[str, str]:
    training, trainer = record["training"], record["config"]["trainer"]
    early = ", stopped early" if training["stopped_early"] else ""
    return {
        "epochs": f"{training['epochs']}{early}, kept epoch {training['kept_epoch']}",
        "optimizer": f"{trainer['optimizer']}, learning rate {shown(trainer['lr'])}, batch {trainer['batch_size']}",
        "loss at the epoch kept": f"training {training['train_loss']:.4f}, validation {training['val_loss']:.4f}",
        "circuit executions": ", ".join(f"{name} {count:,}" for name, count in (training["executions"] or {}).items())
        or "none",
        "seconds": ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in record["timing"].items()),
        **facts.effort(record),
        "peak memory": f"{record['peak_memory_mib']:.0f} MiB",
    }


def _model(record: Mapping[str, Any]) -> dict[str, str]:
    counts = record["parameters"]
    return {
        "trainable parameters": f"{counts['trainable']:,}",
        "of them quantum": f"{counts['quantum']:,}",
        "of them classical": f"{counts['classical']:,}",
        "frozen numbers": f"{counts['frozen']:,}, in the encoder",
        "encoder": component(record["config"]["encoder"]),
        "head": component(record["config"]["head"]),
        "backend": component(record["backend"]),
        "noise in training": component(record["noise"]),
    }


def _confusion(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the confusion matrix; beside each class its accuracy with Wilson's interval."""
    lines = []
    for number, counts in enumerate(record["metrics"]["confusion"]):
        total = sum(counts)
        cells = [_shade(count, total) for count in counts]
        lines.append({"cells": cells, "right": _share(counts[number], total)})
    return {"classes": [str(name) for name in record["dataset"]["classes"]], "lines": lines}


def _shade(count: int, total: int) -> dict[str, Any]:
    share = count / total if total else 0.0
    return {
        "count": count,
        "share": round(0.95 * share, 3),
        "kind": "strong" if share > 0.4 else "" if count else "zero",
    }


def _share(count: int, total: int) -> str:
    if not total:
        return "–"
    ends = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return f"{count / total:.2f}  ({ends.low:.2f}–{ends.high:.2f})"
