"""The record of a run: one JSON document that says what was done, with what, and what came out."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qlab.errors import CorruptFileError
from qlab.files import write_json

SCHEMA = 2
_WITHOUT_EXECUTION = 1  # the schema before, which had neither noise nor shots
R = TypeVar("R", bound="Record")


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model has; ``trainable = quantum + classical``."""

    trainable: int
    frozen: int
    quantum: int
    classical: int


@dataclass(frozen=True)
class CircuitResources:
    """What one execution of a head's circuit takes."""

    n_qubits: int
    depth: int
    gates: int
    two_qubit_gates: int
    inputs: int
    weights: int


@dataclass(frozen=True)
class Record:
    """What every record holds.

    Attributes:
        schema: version of this layout.
        kind: ``train`` or ``evaluation``.
        key: what makes the run the same as another.
        name: the name of its folder without the key.
        config: the resolved config, less where files are.
        dataset: name, source (``real`` or ``synthetic``), fingerprint, class names, split sizes, provenance.
        backend: what executed the circuit: name and options, every choice made that the config leaves open.
        noise: the noise model.
        execution: under noise or from shots: what was inserted, how often, how it was simulated, how exact the values
            are, and how far from the ideal ones; None for ideal, exact values.
        metrics: of the split that was evaluated, with sample counts.
        timing: seconds of each stage.
        peak_memory_mib: resident memory of the process at its highest since the run began, with what earlier runs in
            the same process left behind; on systems other than Linux, since the process began.
        environment: versions, commit, threads and processor.
        finished: UTC time in ISO format.
    """

    schema: int
    kind: str
    key: str
    name: str
    config: dict[str, Any]
    dataset: dict[str, Any]
    backend: dict[str, Any]
    noise: dict[str, Any]
    execution: dict[str, Any] | None
    metrics: dict[str, Any]
    timing: dict[str, float]
    peak_memory_mib: float
    environment: dict[str, Any]
    finished: str

    def write(self, path: Path) -> None:
        """Write the record as JSON, whole or not at all."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls: type[R], path: Path) -> R:
        """Read a record.

        Raises:
            CorruptFileError: the file is damaged or of another schema.
        """
        try:
            values = json.loads(path.read_bytes())
            found = values["schema"]
            if found == _WITHOUT_EXECUTION:
                found = SCHEMA
                values |= {"schema": SCHEMA, "execution": None}
            for name in {"metrics", "val_metrics"} & values.keys():
                if "roc_auc" in values[name]:  # records from before there was the other area
                    values[name].setdefault("average_precision", None)
            known = {field.name for field in dataclasses.fields(cls)}
            record = cls(**values) if found == SCHEMA and set(values) == known else None
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptFileError(f"{path} is damaged; --force computes it again") from error
        if record is None:
            raise CorruptFileError(f"{path} has schema {found}, not {SCHEMA}; --force computes it again")
        return record


@dataclass(frozen=True)
class TrainRecord(Record):
    """The record of a training run, evaluated under the conditions of training: without noise, unless it is aware.

    Attributes:
        parameters: counts by kind (``Parameters``).
        circuit: resources of the head's circuit (``CircuitResources``), or None for a classical head.
        encoder: hashes of what the features depend on and of the features, their width, provenance of the block.
        training: epochs run, executions of the circuit by purpose, epoch kept, whether stopped early, its losses; what
            the first and the median epoch took, processor seconds of all threads in all epochs, operations of
            the trained model's convolutions in one example's forward pass (a multiplication with its addition is
            two), share of denormal ones among the trainable weights that were not zero at the end.
        val_metrics: metrics of the validation split.
    """

    parameters: dict[str, Any]
    circuit: dict[str, Any] | None
    encoder: dict[str, Any]
    training: dict[str, Any]
    val_metrics: dict[str, Any]


@dataclass(frozen=True)
class EvaluationRecord(Record):
    """The record of an evaluation of a finished run.

    Attributes:
        run_key: the run's key.
        split: the part it was evaluated on.
        changed_predictions: examples whose predicted class differs from the run's own; None on another split.
        same_features: whether the features are bit for bit those that the run was trained on.
    """

    run_key: str
    split: str
    changed_predictions: int | None
    same_features: bool
