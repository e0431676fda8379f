"""The table of a sweep: one row per point, from the records that are there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from qlab.errors import CorruptFileError
from qlab.evaluation.metrics import Metrics
from qlab.jobs.sweep.ledger import Runs
from qlab.jobs.sweep.points import Point
from qlab.records.record import EvaluationRecord, TrainRecord
from qlab.records.store import read_npz

DONE, FAILED, DIVERGED, LOST, SKIPPED, NOT_RUN = "done", "failed", "diverged", "lost", "skipped", "not run"
METRICS = tuple(field.name for field in dataclasses.fields(Metrics) if field.name not in ("n", "confusion"))
OF_FAMILY = "accuracy, "
"""What the columns begin with that hold the accuracy on a family of examples."""
COUNTS = ("n", "trainable", "quantum", "kept_epoch", "epochs", "convolution_flops")
EFFORT = ("epoch_first", "epoch_median", "cpu_seconds", "peak_memory_mib")
"""Seconds of epochs, of the processor in all epochs, and MiB; they differ from one run of the same to the next."""
SECONDS = ("training_seconds", "evaluation_seconds")
_TEXTS = ("status", "train_key", "evaluation_key", "run", "error", "log", "finished")
_COLUMNS = (
    *("status", "n", *METRICS, "val_accuracy", "trainable", "quantum", "kept_epoch"),
    *("epochs", "convolution_flops", "denormal_share"),
    *("train_key", "evaluation_key", "run", "error", "log", *EFFORT, *SECONDS, "finished"),
)


@dataclass(frozen=True)
class Trouble:
    """Why a task is not done: ``failed``, ``diverged``, ``lost`` or ``not run``, with the error."""

    status: str
    error: str


class Results:
    """The records of a sweep's points, each read once.

    Args:
        points: all of them, in the order of the grid.
        runs: the run folders.
        troubles: of the tasks that are not done, by their id.
    """

    def __init__(self, points: Sequence[Point], runs: Runs, troubles: Mapping[str, Trouble]) -> None:
        self._points, self._runs, self._troubles = points, runs, troubles
        self._trainings: dict[str, TrainRecord | Trouble] = {}
        self._evaluations: dict[str, EvaluationRecord | Trouble] = {}
        for point in points:
            if point.train_key not in self._trainings:
                self._trainings[point.train_key] = self._training(point)
            if point.evaluation_key and point.id not in self._evaluations:
                self._evaluations[point.id] = self._evaluation(point)

    def table(self, swept: Sequence[str]) -> pd.DataFrame:
        """Return one row per point: the swept keys, how it ended, its metrics, where it is, times, families."""
        rows = [{**{name: point.values[name] for name in swept}, **self._row(point)} for point in self._points]
        families = dict.fromkeys(name for row in rows for name in row if name.startswith(OF_FAMILY))
        table = pd.DataFrame(rows, columns=[*swept, *_COLUMNS, *families])
        numbers = dict.fromkeys((*METRICS, *families, "val_accuracy", "denormal_share", *EFFORT, *SECONDS), "float64")
        return table.astype({**dict.fromkeys(COUNTS, "Int64"), **numbers})

    def records(self) -> list[Mapping[str, Any]]:
        """Return every record, trainings first."""
        read = (*self._trainings.values(), *self._evaluations.values())
        return [dataclasses.asdict(record) for record in read if not isinstance(record, Trouble)]

    def training(self, point: Point) -> TrainRecord | Trouble:
        """Return the record of the training of a point, or why there is none."""
        return self._trainings[point.train_key]

    def predictions(self, point: Point) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return positions (N,), labels (N,) and logits (N, C) of the test part of a point that is done.

        Raises:
            CorruptFileError: the file is damaged.
        """
        folder = self._runs.finished(point.train_key)
        assert folder is not None
        if point.evaluation_key:
            arrays = read_npz(folder.evaluation(point.evaluation_key).with_suffix(".npz"))
            return arrays["index"], arrays["label"], arrays["logits"]
        arrays = read_npz(folder.predictions)
        return arrays["test_index"], arrays["test_label"], arrays["test_logits"]

    def _training(self, point: Point) -> TrainRecord | Trouble:
        trouble = self._troubles.get(point.train_key)
        folder = self._runs.finished(point.train_key)
        if trouble is not None or folder is None:
            return trouble or Trouble(NOT_RUN, "")
        try:
            return TrainRecord.read(folder.result)
        except (CorruptFileError, OSError) as error:
            return Trouble(FAILED, str(error))

    def _evaluation(self, point: Point) -> EvaluationRecord | Trouble:
        training = self._trainings[point.train_key]
        if isinstance(training, Trouble):
            if training.status in (NOT_RUN, DIVERGED):
                return training
            return Trouble(SKIPPED, f"its training {training.status}: {training.error}")
        trouble, record = self._troubles.get(point.id), self._runs.evaluated(point.train_key, point.evaluation_key)
        if trouble is not None or record is None:
            return trouble or Trouble(NOT_RUN, "")
        try:
            return EvaluationRecord.read(record)
        except (CorruptFileError, OSError) as error:
            return Trouble(FAILED, str(error))

    def _row(self, point: Point) -> dict[str, Any]:
        training = self._trainings[point.train_key]
        answer = self._evaluations[point.id] if point.evaluation_key else training
        row: dict[str, Any] = {**dict.fromkeys(_TEXTS, ""), "train_key": point.train_key}
        row["evaluation_key"] = point.evaluation_key
        folder = self._runs.finished(point.train_key)
        if isinstance(training, TrainRecord) and folder is not None:
            row |= {
                "val_accuracy": training.val_metrics["accuracy"],
                "trainable": training.parameters["trainable"],
                "kept_epoch": training.training["kept_epoch"],
                "run": f"runs/{folder.path.name}",
                "training_seconds": training.timing["total"],
                **_took(training),
            }
        if isinstance(answer, Trouble):
            at_fault = point.train_key if answer is training or answer.status == SKIPPED else point.id
            log = f"points/{at_fault}.log" if answer.status != NOT_RUN else ""
            return {**row, "status": answer.status, "error": answer.error, "log": log}
        row |= {"status": DONE, "n": answer.metrics["n"], **{name: answer.metrics[name] for name in METRICS}}
        row |= {OF_FAMILY + name: family["accuracy"] for name, family in answer.metrics.get("families", {}).items()}
        if isinstance(answer, EvaluationRecord):
            row["evaluation_seconds"] = answer.timing["total"]
        return {**row, "finished": answer.finished}


def _took(record: TrainRecord) -> dict[str, Any]:
    """Return what training took; nothing of what a record of older code does not tell."""
    training = record.training
    known = {name: training.get(name) for name in ("epochs", "cpu_seconds", "convolution_flops", "denormal_share")}
    epochs = training.get("epoch_seconds") or {}
    return {
        **known,
        "quantum": record.parameters["quantum"],
        "epoch_first": epochs.get("first"),
        "epoch_median": epochs.get("median"),
        # records without epochs' seconds have the peak of the process, whatever ran in it before
        "peak_memory_mib": record.peak_memory_mib if epochs else None,
    }
