"""What is attacked: the trained model without noise or shots, the inputs that it answers, and how they may change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlab.backends.base import Backend
from qlab.config import registry
from qlab.config.keys import described
from qlab.config.options.backends import Engine
from qlab.config.schema import Component, RunConfig
from qlab.encoders.pixels import Pixels
from qlab.encoders.trainable import Block
from qlab.errors import CapabilityError, DataError, OptionError
from qlab.evaluation.attacks.losses import has_gradient
from qlab.evaluation.attacks.space import Space, feature_space, normalised_space, pixel_space
from qlab.heads.head import Head
from qlab.jobs import threads
from qlab.jobs.attack.request import AttackRequest
from qlab.jobs.model import build_backend, executed_by
from qlab.jobs.prepare import Task, encode_data, load_data
from qlab.jobs.restore import restore_config, restore_config_without_files, restore_model
from qlab.jobs.run import Run
from qlab.jobs.training import dataset_facts, examples, record_config
from qlab.progress import Progress
from qlab.training.seeds import torch_generator
from qlab.training.trainer import EVALUATION_BATCH

_ENGINE = "engine"


@dataclass(frozen=True, eq=False)
class Target:
    """What is attacked.

    Attributes:
        model: from inputs (B, n) to logits (B, n_classes), without noise or shots; none of its parameters is trained.
        twin: another model of the same inputs, or None.
        inputs: of the examples that are attacked, (N, n).
        labels: (N,).
        index: where in the dataset they are, (N,).
        space: how inputs may change.
        normalisation: mean and standard deviation (C, 1, 1) that the model normalises pixels by, or None.
        n_classes: of the task.
        facts: what a record says of it.
    """

    model: Head
    twin: Head | None
    inputs: Tensor
    labels: Tensor
    index: np.typing.NDArray[np.int64]
    space: Space
    normalisation: tuple[Tensor, Tensor] | None
    n_classes: int
    facts: dict[str, Any]


def target(run: Run, twin: Run | None, asked: AttackRequest, progress: Progress) -> Target:
    """Return what is attacked.

    Raises:
        OptionError: the units do not fit the run, or its logits have no gradient.
        DataError: the data are no longer those the run was trained on, or the twin has other ones.
        CapabilityError: the logits of one example depend on others.
        CorruptFileError: a file of a run is damaged.
    """
    config = _restored(run, asked)
    require_same_inputs(run, twin)
    threads.for_encoding(config)
    task = encode_data(config, load_data(config, progress))
    if task.splits.fingerprint != run.record.dataset["fingerprint"]:
        raise DataError(f"the data of {run.path.name} are no longer those it was trained on")
    chosen, backend = exact_backend(config)
    model = _frozen(restore_model(run.folder, run.record, config, backend), run)
    other = None if twin is None else _twin(twin)
    threads.for_head(config, model)
    normalisation = normalisation_of(model)
    space = _space(config, task, normalisation, asked.options.units)
    known, places = examples(task, asked.options.split), getattr(task.splits, asked.options.split)
    drawn = _drawn(len(places), asked.options.limit, asked.options.seed)
    inputs = known.features[drawn]
    _require_gradients(model, other, inputs[:1], config, asked)
    facts = {
        "config": record_config(config),
        "dataset": dataset_facts(task),
        "backend": executed_by(chosen, backend, model, EVALUATION_BATCH),
    }
    return Target(
        model, other, inputs, known.labels[drawn], places[drawn.numpy()], space,
        normalisation if asked.options.units != "feature" else None, len(task.dataset.classes), facts,
    )  # fmt: skip


def require_same_inputs(run: Run, twin: Run | None) -> None:
    """Refuse a twin that cannot lend its adversarial examples.

    Raises:
        OptionError: it is the run itself.
        DataError: it was trained on other data, on another split of them, or on other features.
    """
    if twin is None:
        return
    if twin.folder.key == run.folder.key:
        raise OptionError(f"twin={twin.path.name} is the run that is attacked; a twin is another one")
    if twin.record.dataset["fingerprint"] != run.record.dataset["fingerprint"]:
        raise DataError(f"twin={twin.path.name} was trained on other data, or on another split of them")
    if twin.record.encoder["features_sha256"] != run.record.encoder["features_sha256"]:
        raise DataError(
            f"twin={twin.path.name} has other inputs: its block is another one, and stands before its model"
        )


def exact_backend(config: RunConfig) -> tuple[Component, Backend]:
    """Return the engine without noise and shots, with the run's own precision where it was trained on it."""
    options = Engine(precision=config.backend.options.precision) if config.backend.name == _ENGINE else Engine()
    chosen = Component(_ENGINE, options)
    return chosen, build_backend(chosen)


def normalisation_of(model: Head) -> tuple[Tensor, Tensor] | None:
    """Return mean and standard deviation (C, 1, 1) that a model's block normalises pixels by.

    None where it has no block, or one that takes pixels as they are.
    """
    block = next((part for part in model.modules() if isinstance(part, Block)), None)
    found = None if block is None else block.normalisation()
    if found is None:
        return None
    mean, std = (part.detach().flatten(0, 1) for part in found)
    return (mean, std) if mean.any() or (std != 1).any() else None


def _restored(run: Run, asked: AttackRequest) -> RunConfig:
    own = {"name": run.folder.name, "output_dir": str(run.folder.root)}
    return restore_config(run.folder, **{**dataclasses.asdict(asked.place), **own})


def _twin(twin: Run) -> Head:
    config = restore_config_without_files(twin.folder)
    return _frozen(restore_model(twin.folder, twin.record, config, exact_backend(config)[1]), twin)


def _frozen(model: Head, run: Run) -> Head:
    if model.evaluation_batch is not None:
        raise CapabilityError(
            f"{run.path.name}: its logits of one example depend on the others of its batch; no attack changes one alone"
        )
    for parameter in model.parameters():
        if parameter.ndim == 4:  # answers then take a fifth less time on CPUs
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model.requires_grad_(False)


def _space(config: RunConfig, task: Task, normalisation: tuple[Tensor, Tensor] | None, units: str) -> Space:
    is_pixels, width = isinstance(registry.build(config.encoder.options), Pixels), task.features.train.shape[1]
    if units == "feature":
        if is_pixels:
            raise OptionError(f"units=feature: encoder={config.encoder.name} hands on pixels; leave units out")
        return feature_space(width)
    if not is_pixels:
        raise OptionError(
            f"units={units}: encoder={config.encoder.name} is frozen, its features are computed once and no gradient "
            "leads to the pixels; units=feature attacks the features"
        )
    channels, height, columns = task.dataset.images.shape[1:]
    shape = (channels, height, columns)
    low, high = (float(end) for end in (task.dataset.images.min(), task.dataset.images.max()))
    if low < 0 or high > 1:
        raise OptionError(
            f"units={units}: images of {task.dataset.name} have values from {low:.4g} to {high:.4g}, not in [0, 1]; "
            "attacks know no other range of pixels"
        )
    if units == "pixel":
        return pixel_space(shape)
    if normalisation is None:
        raise OptionError(f"units=normalised: encoder={config.encoder.name} does not normalise images; leave units out")
    return normalised_space(shape, normalisation[1])


def _drawn(size: int, limit: int | None, seed: int) -> Tensor:
    """Return which examples of a part are attacked, in ascending order."""
    drawn = torch.randperm(size, generator=torch_generator(seed, "attack"))[: limit or size]
    return drawn.sort().values


def _require_gradients(model: Head, twin: Head | None, inputs: Tensor, config: RunConfig, asked: AttackRequest) -> None:
    if asked.needs_gradients and not has_gradient(model, inputs):
        raise OptionError(
            f"head={described(config.head)['name']} has no gradient by its inputs; attacks=[square] needs none"
        )
    if twin is not None and not has_gradient(twin, inputs):
        raise OptionError(f"twin={asked.options.twin} has no gradient by its inputs to follow")
