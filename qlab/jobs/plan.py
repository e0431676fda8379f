"""What a run would take, before it takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qlab.config.schema import RunConfig
from qlab.heads.head import Head
from qlab.jobs.executions import executions
from qlab.jobs.model import (
    build_backend,
    build_model,
    check_batches,
    check_conditions,
    circuit_resources,
    count_parameters,
    executed_by,
    execution,
    input_shape,
    require_gradients,
    training_backend,
)
from qlab.jobs.prepare import load_data
from qlab.jobs.train import folder_of
from qlab.progress import Progress
from qlab.records.record import CircuitResources
from qlab.records.store import RunFolder
from qlab.training.trainer import EVALUATION_BATCH

AMPLITUDE_BYTES = {"single": 8, "double": 16}


@dataclass(frozen=True)
class Plan:
    """What a run would take.

    Attributes:
        key: the run's key.
        path: its folder.
        state: ``finished``, ``begun`` (it goes on) or ``new``.
        sizes: examples in each split.
        trainable: trainable parameters; those of a trainable projection included.
        circuit: what one execution takes; None for a classical head.
        backend: its name and options, every choice left open made.
        conditions: what noise and shots the circuit would be executed with: ``insertions`` by channel, ``shots``, and
            the circuit as ``executed``; None without them.
        executions: circuit executions (one circuit for one example), upper bound: no early stopping.
        state_memory_mib: memory of one batch of state vectors, 2^n amplitudes each.
    """

    key: str
    path: str
    state: str
    sizes: dict[str, int]
    trainable: int
    circuit: CircuitResources | None
    backend: dict[str, Any]
    conditions: dict[str, Any] | None
    executions: dict[str, int]
    state_memory_mib: float


def plan(config: RunConfig, progress: Progress) -> Plan:
    """Return what ``config`` would take; loads the data, encodes and trains nothing.

    Raises:
        RequestError: the data are missing or do not fit the options.
    """
    data = load_data(config, progress)
    sizes = {part: len(getattr(data.splits, part)) for part in ("train", "val", "test")}
    shape = input_shape(config, data.dataset)
    backend = training_backend(config)
    model = build_model(config, backend, shape, len(data.dataset.classes))
    require_gradients(model, backend, config.backend)
    check_conditions(config, model)
    check_batches(model, config.trainer.batch_size, sizes["train"])
    resources = circuit_resources(model)
    folder = folder_of(config)
    return Plan(
        key=folder.key,
        path=str(folder.path),
        state=_state(folder),
        sizes=sizes,
        trainable=count_parameters(model, 0).trainable,
        circuit=resources,
        backend=executed_by(config.backend, backend, model, config.trainer.batch_size),
        conditions=_conditions(config, model),
        executions=executions(config, model, sizes, config.trainer.epochs),
        state_memory_mib=_state_memory(config, resources) if resources else 0.0,
    )


def _conditions(config: RunConfig, model: Head) -> dict[str, Any] | None:
    report = execution(build_backend(config.backend, config.noise), model)
    return report and {name: report[name] for name in ("insertions", "shots", "executed")}


def _state_memory(config: RunConfig, resources: CircuitResources) -> float:
    batch = max(config.trainer.batch_size, EVALUATION_BATCH)
    amplitude = AMPLITUDE_BYTES.get(getattr(config.backend.options, "precision", "double"), 16)
    return float(batch * amplitude * 2**resources.n_qubits / 2**20)


def _state(folder: RunFolder) -> str:
    if folder.result.is_file():
        return "finished"
    return "begun" if folder.checkpoint.is_file() else "new"
