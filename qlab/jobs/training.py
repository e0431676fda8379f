"""How a training run is carried out, from features to the record that is written last."""

from __future__ import annotations

import dataclasses
import statistics
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from qlab.arrays import write_arrays
from qlab.backends.base import Backend
from qlab.backends.conditions import Conditions
from qlab.config import registry
from qlab.config.conditions import as_trained
from qlab.config.keys import described, training_key
from qlab.config.schema import RunConfig
from qlab.config.validate import GROUPS, parts
from qlab.files import write_json
from qlab.heads.head import Head, Solved, Staged
from qlab.jobs import threads
from qlab.jobs.executions import executions
from qlab.jobs.journal import Journal
from qlab.jobs.model import (
    build_model,
    check_batches,
    check_conditions,
    circuit_resources,
    conditions_of,
    count_parameters,
    executed_by,
    execution,
    input_shape,
    require_gradients,
    training_backend,
)
from qlab.jobs.prepare import Task, encode_data, load_data
from qlab.jobs.run import Run
from qlab.progress import Progress
from qlab.records.environment import environment, peak_memory_mib, restart_peak_memory
from qlab.records.record import SCHEMA, TrainRecord
from qlab.records.store import RunFolder, write_csv, write_npz, write_yaml
from qlab.training.checkpoint import as_arrays
from qlab.training.denormals import require_flushing
from qlab.training.flops import forward_with_flops
from qlab.training.solving import solve
from qlab.training.staged import fit_staged
from qlab.training.trainer import Examples, Outcome, Trainer, predict


def execute(config: RunConfig, folder: RunFolder, progress: Progress, *, force: bool) -> Run:
    """Prepare the data, then train and evaluate with the folder held alone.

    Nothing is written to the folder before the data and the model are known to fit.
    """
    started = time.perf_counter()
    restart_peak_memory()
    threads.for_encoding(config)
    journal = Journal(progress)
    for component, package in plugins(config).items():
        journal.say(f"{component} is added by {package}")
    data = load_data(config, journal)
    backend = training_backend(config)
    model = build_model(config, backend, input_shape(config, data.dataset), len(data.dataset.classes))
    require_gradients(model, backend, config.backend)
    check_conditions(config, model)
    check_batches(model, config.trainer.batch_size, len(data.splits.train))
    config = as_trained(config)
    task = encode_data(config, data)
    threads.for_head(config, model)
    if config.trainer.flush_denormals:
        require_flushing()
    flops = _try_out(model, examples(task, "train"))
    with folder.claimed() as folder:
        if force:
            folder.clear()
        elif folder.is_finished:
            return Run(folder, found=True)
        journal.open(folder)
        write_yaml(folder.config, config_values(config))
        write_json(folder.manifest, {"key": folder.key, "name": folder.name, **_provenance()})
        outcome = _fit(config, model, task, folder, journal)
        evaluated = time.perf_counter()
        metrics = _evaluate(model, conditions_of(backend), task, folder)
        seconds = {**task.seconds, "training": outcome.seconds, "evaluation": time.perf_counter() - evaluated}
        record = _record(config, folder, task, model, backend, outcome, metrics, seconds, flops)
        record = dataclasses.replace(record, timing={**seconds, "total": time.perf_counter() - started})
        record.write(folder.result)
        folder.checkpoint.unlink(missing_ok=True)
    return Run(folder, found=False)


def examples(task: Task, part: str) -> Examples:
    """Return the features and labels of the split named ``part`` as tensors."""
    features = torch.from_numpy(getattr(task.features, part))
    labels = torch.from_numpy(task.dataset.labels[getattr(task.splits, part)])
    return Examples(features, labels)


def config_values(config: RunConfig) -> dict[str, Any]:
    """Return the config as plain values from which it can be validated again."""
    groups = ("dataset", "encoder", "head", "noise", "backend")
    components = {
        group: {"name": getattr(config, group).name, **absolute_paths(getattr(config, group).options)}
        for group in groups
    }
    return {
        **components,
        "trainer": dataclasses.asdict(config.trainer),
        "seed": config.seed,
        **dataclasses.asdict(config.place),
    }


def absolute_paths(options: Any) -> dict[str, Any]:
    """Return options as plain values, with paths that hold in any working directory."""
    values = dataclasses.asdict(options)
    for field in dataclasses.fields(options):
        if field.metadata.get("parts_of"):
            chosen = parts(options, field, field.name)
            values[field.name] = [{"name": part.name, **absolute_paths(part.options)} for part in chosen]
        if field.metadata.get("is_path") and values[field.name] is not None:
            values[field.name] = str(Path(values[field.name]).absolute())
    return values


def dataset_facts(task: Task) -> dict[str, Any]:
    """Return what a record says of the data."""
    splits = task.splits
    return {
        "name": task.dataset.name,
        "source": task.dataset.source,
        "classes": list(task.dataset.classes),
        "fingerprint": splits.fingerprint,
        "sizes": {"train": len(splits.train), "val": len(splits.val), "test": len(splits.test)},
        "duplicates_removed": splits.duplicates,
        "provenance": task.dataset.provenance,
    }


def _try_out(model: Head, known: Examples) -> int:
    """Execute and differentiate one example, so that what the backend cannot do shows before anything is written.

    A model that is solved at once says itself what it cannot do.

    Returns:
        the floating-point operations of the model's convolutions in one execution.
    """
    if isinstance(model, Solved):
        model.check(known.features, known.labels)
        return 0
    model.eval()  # statistics of batches are for training to gather
    logits, flops = forward_with_flops(model, known.features[:1])
    nn.functional.cross_entropy(logits, known.labels[:1]).backward()
    model.zero_grad(set_to_none=True)
    return flops


def _fit(config: RunConfig, model: Head, task: Task, folder: RunFolder, journal: Journal) -> Outcome:
    train, val = examples(task, "train"), examples(task, "val")
    if isinstance(model, Solved):
        outcome = solve(model, train, val, class_weights=config.trainer.class_weights)
    else:
        trainer: Trainer = registry.build(config.trainer, leave_out=frozenset({"gradient", "noise_aware"}))
        fit = partial(fit_staged, trainer, model) if isinstance(model, Staged) else partial(trainer.fit, model)
        outcome = fit(
            train,
            val,
            seed=config.seed,
            checkpoint=folder.checkpoint,
            identity=task.features_sha256,
            progress=journal,
        )
    model.load_state_dict(outcome.weights)
    write_csv(folder.history, [dataclasses.asdict(row) for row in outcome.history])
    if isinstance(model, Solved) and (trace := model.trace()):
        write_csv(folder.trace, trace)
    write_arrays(folder.model, as_arrays(outcome.weights), {"key": folder.key})
    return outcome


def _evaluate(model: Head, conditions: Conditions | None, task: Task, folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Predict the validation and test splits, keep every prediction, return the metrics."""
    arrays: dict[str, NDArray[Any]] = {}
    metrics: dict[str, dict[str, Any]] = {}
    for part in ("val", "test"):
        known = examples(task, part)
        if conditions is not None:
            conditions.restart()
        logits, labels = predict(model, known.features).numpy(), known.labels.numpy()
        index = getattr(task.splits, part)
        arrays |= {f"{part}_index": index, f"{part}_label": labels, f"{part}_logits": logits}
        metrics[part] = task.metrics(part, logits)
    write_npz(folder.predictions, arrays)
    return metrics


def _record(
    config: RunConfig,
    folder: RunFolder,
    task: Task,
    model: Head,
    backend: Backend,
    outcome: Outcome,
    metrics: dict[str, dict[str, Any]],
    seconds: dict[str, float],
    convolution_flops: int,
) -> TrainRecord:
    kept = outcome.history[outcome.kept_epoch - 1]
    resources, data = circuit_resources(model), dataset_facts(task)
    return TrainRecord(
        schema=SCHEMA,
        kind="train",
        key=training_key(config),
        name=folder.name,
        config=record_config(config),
        dataset=data,
        backend=executed_by(config.backend, backend, model, config.trainer.batch_size),
        noise=described(config.noise),
        execution=execution(backend, model),
        metrics=metrics["test"],
        timing=seconds,
        peak_memory_mib=peak_memory_mib(),
        environment={**environment(torch.get_num_threads()), "plugins": plugins(config)},
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        parameters=dataclasses.asdict(count_parameters(model, task.features.n_parameters)),
        circuit=dataclasses.asdict(resources) if resources else None,
        encoder={
            "features_key": task.features.key,
            "features_sha256": task.features_sha256,
            "n_features": task.features.train.shape[1],
            "input_shape": list(input_shape(config, task.dataset)),
            "features_cached": task.features.cached,
            "provenance": dict(task.features.provenance),
        },
        training={
            "epochs": len(outcome.history),
            "evaluation_batch": model.evaluation_batch,
            "executions": executions(config, model, data["sizes"], len(outcome.history)),
            "kept_epoch": outcome.kept_epoch,
            "stopped_early": outcome.stopped_early,
            "train_loss": kept.train_loss,
            "val_loss": kept.val_loss,
            "epoch_seconds": {
                "first": outcome.epoch_seconds[0],
                "median": statistics.median(outcome.epoch_seconds),
            },
            "cpu_seconds": outcome.cpu_seconds,
            "convolution_flops": convolution_flops,
            "denormal_share": outcome.denormal_share,
            "solving": model.facts() if isinstance(model, Solved) else {},
        },
        val_metrics=metrics["val"],
    )


def plugins(config: RunConfig) -> dict[str, str]:
    """Return the package behind every component of ``config`` that is not built in."""
    chosen = ((group, getattr(config, group).name) for group in GROUPS)
    found = ((f"{group}={name}", registry.origin(group, name)) for group, name in chosen)
    return {component: package for component, package in found if package is not None}


def record_config(config: RunConfig) -> dict[str, Any]:
    """Return the resolved config for a record: file contents by their hash, no place."""
    groups = ("dataset", "encoder", "head", "noise", "backend")
    components = {group: described(getattr(config, group)) for group in groups}
    return {**components, "trainer": dataclasses.asdict(config.trainer), "seed": config.seed}


def _provenance() -> dict[str, Any]:
    return {"started": datetime.now(UTC).isoformat(timespec="seconds"), **environment(torch.get_num_threads())}
