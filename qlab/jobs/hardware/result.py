"""What a device found beside what it should have found: values, predictions, accuracies, and where all that is from."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.arrays import read_arrays, write_arrays
from qlab.backends.engine import EngineBackend
from qlab.errors import CorruptFileError, QlabWarning
from qlab.evaluation.metrics import measure
from qlab.files import write_json
from qlab.hardware.arrangement import LINEAR, RICHARDSON, Arrangement, ReadoutMethod, made_worse
from qlab.hardware.journal import RESULT, Journal
from qlab.hardware.program import Outcome
from qlab.hardware.readings import Doubles, Measured
from qlab.hardware.simulation import ideal, noisy
from qlab.jobs.hardware.question import Question
from qlab.jobs.hardware.request import HardwareRequest
from qlab.jobs.hardware.submission import Submission
from qlab.records.environment import environment
from qlab.records.store import write_npz

IDEAL, SIMULATED = "ideal", "simulated noise"
PREDICTIONS, _EXPECTED = "predictions.npz", "expected.safetensors"
SCHEMA = 1
_SHOWN = ("device", "request", "samples", "jobs", "rows", "layout", "qpu_seconds", "made_worse", "earlier")


def expect(journal: Journal, submission: Submission) -> None:
    """Write what the device should find, before it is asked: ideal values, and those with the noise of its calibration.

    What is there stays as it is, so that a result is about the circuit that was executed, whenever it is fetched. What
    is damaged or missing is made anew, without the simulated noise where other programs were sent than would be today:
    the calibration that they were made for is not known any more.
    """
    path = journal.folder / _EXPECTED
    try:
        read_arrays(path)
    except (CorruptFileError, FileNotFoundError):
        pass
    else:
        return
    question, circuit = submission.question, submission.circuit
    found = {IDEAL: ideal(circuit, question.inputs, question.weights, question.words)}
    is_known = journal.runs(submission.programs, submission.service.device)
    if not is_known:
        message = "the device was calibrated anew since the job was sent: the noise that it had cannot be simulated"
        warnings.warn(message, QlabWarning, stacklevel=2)
    with_noise = noisy(circuit) if is_known else None
    if with_noise is not None:
        asked = (with_noise, question.inputs, question.weights, question.words)
        values = EngineBackend().estimate(*asked, shots=None, seed=submission.request.seed).values
        found[SIMULATED] = values.double().numpy()
    write_arrays(path, dict(found), {})


def conclude(
    journal: Journal,
    outcomes: Sequence[Outcome],
    question: Question,
    arrangement: Arrangement,
    request: HardwareRequest,
) -> None:
    """Write the result of a run whose outcomes are all there; one that is written stays as it is.

    Raises:
        CorruptFileError: expected values are damaged.
        JobError: the readout error cannot be undone.
    """
    path = journal.folder / RESULT
    if path.is_file() and (journal.folder / PREDICTIONS).is_file():
        return
    try:
        arrays, _ = read_arrays(journal.folder / _EXPECTED)
    except (CorruptFileError, FileNotFoundError) as error:
        raise CorruptFileError(f"{error}; the command that began this run makes it anew") from error
    expected = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    method: ReadoutMethod = "mthree" if "mthree" in request.mitigation else "inversion"
    read = arrangement.read(outcomes, method)
    measured = {_named(name, request): found for name, found in read.items()}
    values = {**expected, **{name: found.values for name, found in measured.items()}}
    logits = {name: question.logits(found) for name, found in values.items()}
    kept: dict[str, NDArray[Any]] = {"index": question.index, "label": question.labels}
    for name, found in values.items():
        kept |= {f"{_slug(name)}_values": found, f"{_slug(name)}_logits": logits[name]}
    for name, reading in measured.items():
        kept[f"{_slug(name)}_standard_errors"] = reading.standard_errors
    write_npz(journal.folder / PREDICTIONS, kept)
    if path.is_file():
        return
    rows = [_row(name, logits, question.labels, expected[IDEAL], values[name], measured.get(name)) for name in values]
    worse = [_named(name, request) for name in made_worse(read, expected[IDEAL])]
    write_json(path, {**_origin(journal, question, request), "rows": rows, "made_worse": worse})


def read_result(path: Path) -> dict[str, Any]:
    """Return a result that was written; raises ``CorruptFileError`` where it is damaged."""
    try:
        result: dict[str, Any] = json.loads(path.read_bytes())
        if result["schema"] != SCHEMA:
            raise ValueError(f"schema {result['schema']}")
        missing = [name for name in _SHOWN if name not in result]
        if missing:
            raise ValueError(f"without {', '.join(missing)}")
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


def _origin(journal: Journal, question: Question, request: HardwareRequest) -> dict[str, Any]:
    """Return where a result is from, and what it was expected to take."""
    intent = journal.intent
    return {
        "schema": SCHEMA,
        "kind": "hardware",
        "uuid": intent.uuid,
        "run": request.run,
        "request": request.described(),
        "device": dataclasses.asdict(intent.device),
        "options": dataclasses.asdict(intent.options),
        "budget": None if intent.budget is None else dataclasses.asdict(intent.budget),
        "begun": intent.created,
        "jobs": [state.job for state in journal.states()],
        "earlier": intent.facts["earlier"],
        "qpu_seconds": journal.usage(),
        "counts_kept": not request.estimates,
        "samples": len(question.inputs),
        **{name: intent.facts[name] for name in ("written", "executed", "layout", "cost", "seconds_left")},
        "observables": [str(word) for word in question.words],
        "versions": dict(intent.versions),
        "environment": environment(torch.get_num_threads()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _named(name: str, request: HardwareRequest) -> str:
    """Return what values are called; extrapolation begins with values whose readout error is undone, where it is."""
    return f"readout, {name}" if request.calibrates and name in (LINEAR, RICHARDSON) else name


def _slug(name: str) -> str:
    return name.replace(", ", "_").replace(" ", "_")
