"""What a device found beside what it should have found: values, predictions, accuracies, and where all that is from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import read_arrays, write_arrays
from qlab.backends.engine import EngineBackend
from qlab.errors import CorruptFileError
from qlab.evaluation.metrics import measure
from qlab.files import write_json
from qlab.hardware.arrangement import Arrangement, ReadoutMethod
from qlab.hardware.building import DeviceCircuit
from qlab.hardware.journal import Journal
from qlab.hardware.readings import Doubles, Measured
from qlab.hardware.simulation import ideal, noisy
from qlab.jobs.hardware.question import Question
from qlab.jobs.hardware.request import HardwareRequest
from qlab.records.environment import environment
from qlab.records.store import write_npz

IDEAL, SIMULATED = "ideal", "simulated noise"
RESULT, PREDICTIONS, _EXPECTED = "result.json", "predictions.npz", "expected.safetensors"
SCHEMA = 1


def expect(folder: Path, question: Question, circuit: DeviceCircuit, seed: int) -> dict[str, Doubles]:
    """Return what the device should find, (N, K) ``ideal`` and with ``simulated noise``; kept for the next who asks.

    The noise is that of the calibration of the moment; where the device has none, there is none.
    """
    path = folder / _EXPECTED
    try:
        arrays, _ = read_arrays(path)
        return {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    except (FileNotFoundError, CorruptFileError):
        pass
    found = {IDEAL: ideal(circuit, question.inputs, question.weights, question.words)}
    with_noise = noisy(circuit)
    if with_noise is not None:
        backend = EngineBackend()
        values = backend.estimate(
            with_noise, question.inputs, question.weights, question.words, shots=None, seed=seed
        ).values
        found[SIMULATED] = values.double().numpy()
    write_arrays(path, dict(found), {})
    return found


def conclude(
    journal: Journal, question: Question, circuit: DeviceCircuit, arrangement: Arrangement, request: HardwareRequest
) -> dict[str, Any]:
    """Return the result of a run whose counts are all there, and write it; one that is written stays as it is.

    Raises:
        CorruptFileError: counts, or the result that was written, are damaged.
        JobError: the readout error cannot be undone.
    """
    path = journal.folder / RESULT
    if path.is_file():
        return read_result(path)
    expected = expect(journal.folder, question, circuit, request.seed)
    method: ReadoutMethod = "mthree" if "mthree" in request.mitigation else "inversion"
    measured = arrangement.read(journal.counts(), method)
    values = {**expected, **{name: found.values for name, found in measured.items()}}
    logits = {name: question.logits(found) for name, found in values.items()}
    arrays: dict[str, NDArray[Any]] = {"index": question.index, "label": question.labels}
    for name, found in values.items():
        arrays |= {f"{_slug(name)}_values": found, f"{_slug(name)}_logits": logits[name]}
    for name, reading in measured.items():
        arrays[f"{_slug(name)}_standard_errors"] = reading.standard_errors
    write_npz(journal.folder / PREDICTIONS, arrays)
    rows = [_row(name, logits, question.labels, expected[IDEAL], values[name], measured.get(name)) for name in values]
    result = {**_origin(journal, question, circuit, request), "rows": rows}
    write_json(path, result)
    return result


def read_result(path: Path) -> dict[str, Any]:
    """Return a result that was written; raises ``CorruptFileError`` where it is damaged."""
    try:
        result: dict[str, Any] = json.loads(path.read_bytes())
        if result["schema"] != SCHEMA:
            raise ValueError(f"schema {result['schema']}")
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path} is damaged ({error}); remove it, and fetch makes it anew") from error
    return result


def _row(
    name: str,
    logits: Mapping[str, NDArray[np.float32]],
    labels: NDArray[np.int64],
    exact: Doubles,
    values: Doubles,
    measured: Measured | None,
) -> dict[str, Any]:
    metrics = dataclasses.asdict(measure(logits[name], labels))
    changed = int((logits[name].argmax(1) != logits[IDEAL].argmax(1)).sum())
    return {
        "name": name,
        "metrics": metrics,
        "changed_predictions": changed,
        "shift_rms": float(np.sqrt(((values - exact) ** 2).mean())),
        "standard_error_rms": None if measured is None else measured.rms_standard_error,
    }


def _origin(journal: Journal, question: Question, circuit: DeviceCircuit, request: HardwareRequest) -> dict[str, Any]:
    """Return where a result is from."""
    intent = journal.intent
    return {
        "schema": SCHEMA,
        "kind": "hardware",
        "uuid": intent.uuid,
        "run": request.run,
        "request": request.described(),
        "device": dataclasses.asdict(intent.device),
        "options": dataclasses.asdict(intent.options),
        "begun": intent.created,
        "jobs": [state.job for state in journal.states()],
        "qpu_seconds": journal.usage(),
        "samples": len(question.inputs),
        "written": dataclasses.asdict(circuit.written),
        "executed": dataclasses.asdict(circuit.executed),
        "layout": list(circuit.measured),
        "observables": [str(word) for word in question.words],
        "versions": dict(intent.versions),
        "environment": environment(1),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _slug(name: str) -> str:
    return name.replace(" ", "_")
