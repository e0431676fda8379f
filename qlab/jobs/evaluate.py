"""The evaluation job: a finished run on another split, backend or noise model."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import torch

from qlab.config.conditions import without_conditions
from qlab.config.keys import described, evaluation_key
from qlab.config.schema import Component, EvalConfig
from qlab.config.validate import component
from qlab.errors import DataError
from qlab.jobs import threads
from qlab.jobs.model import build_backend, executed_by, execution, require_circuit
from qlab.jobs.prepare import encode_data, load_data
from qlab.jobs.restore import restore_config, restore_model
from qlab.jobs.run import Evaluation, Run
from qlab.jobs.training import dataset_facts, examples, record_config
from qlab.progress import Progress, Silent
from qlab.records.environment import environment, peak_memory_mib, restart_peak_memory
from qlab.records.record import SCHEMA, EvaluationRecord
from qlab.records.store import write_npz
from qlab.training.trainer import EVALUATION_BATCH, predict


def evaluate(run: Run, config: EvalConfig, progress: Progress | None = None, *, force: bool = False) -> Evaluation:
    """Evaluate a finished run as ``config`` says, or find the evaluation already there.

    Raises:
        RequestError: the run's data are missing.
        DataError: the data are no longer those the run was trained on.
        CorruptFileError: a file of the run is damaged.
        OptionError: noise or shots for a head without a circuit.
        NoiseError: the noise model is not zero but inserts nothing into the circuit.
    """
    backend = config.backend or own_backend(run, config.changes)
    key = evaluation_key(config.noise, backend, config.split)
    result = run.folder.evaluation(key)
    if result.is_file() and not force:
        return Evaluation(EvaluationRecord.read(result), found=True)
    with run.folder.evaluating(key):
        if result.is_file() and not force:  # another process was at it
            return Evaluation(EvaluationRecord.read(result), found=True)
        return Evaluation(_evaluate(run, config, backend, key, progress or Silent()), found=False)


def _evaluate(run: Run, config: EvalConfig, backend: Component, key: str, progress: Progress) -> EvaluationRecord:
    started = time.perf_counter()
    restart_peak_memory()
    executor = build_backend(backend, config.noise, compare=True)
    place = {**dataclasses.asdict(config.place), "name": run.folder.name, "output_dir": str(run.folder.root)}
    trained = restore_config(run.folder, **place)
    threads.for_encoding(trained)
    task = encode_data(trained, load_data(trained, progress))
    if task.splits.fingerprint != run.record.dataset["fingerprint"]:
        raise DataError(f"the data of {run.path.name} are no longer those it was trained on")
    model = restore_model(run.folder, run.record, trained, executor)
    require_circuit(model, config.noise, backend)
    threads.for_head(trained, model)
    known = examples(task, config.split)
    at_once = EVALUATION_BATCH if executor.capabilities().batched else 1
    logits = predict(model, known.features, progress, batch=at_once).numpy()
    labels = known.labels.numpy()
    arrays = {"index": getattr(task.splits, config.split), "label": labels, "logits": logits}
    own = run.predictions.get(f"{config.split}_logits")
    seconds = {**task.seconds, "total": time.perf_counter() - started}
    record = EvaluationRecord(
        schema=SCHEMA,
        kind="evaluation",
        key=key,
        name=run.folder.name,
        config=record_config(trained),
        dataset=dataset_facts(task),
        backend=executed_by(backend, executor, model, EVALUATION_BATCH),
        noise=described(config.noise),
        execution=execution(executor, model),
        metrics=task.metrics(config.split, logits),
        timing=seconds,
        peak_memory_mib=peak_memory_mib(),
        environment=environment(torch.get_num_threads()),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        run_key=run.folder.key,
        split=config.split,
        changed_predictions=None if own is None else int((own.argmax(1) != logits.argmax(1)).sum()),
        same_features=task.features_sha256 == run.record.encoder["features_sha256"],
    )
    with run.folder.locked():
        if not run.folder.is_finished:
            raise DataError(f"{run.path.name} was trained again meanwhile; repeat the evaluation when that is done")
        result = run.folder.evaluation(key)
        write_npz(result.with_suffix(".npz"), arrays)
        record.write(result)
    progress.say(f"evaluated {len(labels)} examples in {seconds['total']:.1f} s")
    return record


def own_backend(run: Run, changes: Mapping[str, Any]) -> Component:
    """Return the backend that a run was trained on, with other options; noise and shots are those of ``changes``."""
    trained = without_conditions(component("backend", run.record.config["backend"]))
    return component("backend", {"name": trained.name, **dataclasses.asdict(trained.options), **changes})
