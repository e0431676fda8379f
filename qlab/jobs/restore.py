"""From a run's folder back to its config and its trained model."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from qlab.arrays import read_arrays
from qlab.backends.base import Backend
from qlab.config.keys import training_key
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import CorruptFileError, DataError, RequestError
from qlab.heads.head import Head
from qlab.jobs.model import build_model
from qlab.records.record import TrainRecord
from qlab.records.store import RunFolder, read_yaml
from qlab.training.checkpoint import as_tensors


def restore_config(folder: RunFolder, **place: Any) -> RunConfig:
    """Return the config that a run was trained with, except for where files are, which ``place`` may change.

    Raises:
        CorruptFileError: ``config.yaml`` is damaged.
        DataError: the files behind the run are no longer what they were.
    """
    restore_config_without_files(folder)
    values = {**read_yaml(folder.config), **place}
    if place.get("data_dir") is not None and "path" in values["dataset"]:
        values["dataset"]["path"] = None
    config = run_config(OmegaConf.create(values))
    if training_key(config) != folder.key:
        raise DataError(f"the config or the files behind {folder.path.name} have changed since it was trained")
    return config


def restore_config_without_files(folder: RunFolder) -> RunConfig:
    """Return the config that a run was trained with, wherever its data files may be now.

    Raises:
        CorruptFileError: ``config.yaml`` is damaged.
    """
    try:
        return run_config(OmegaConf.create(read_yaml(folder.config)), paths_must_exist=False)
    except RequestError as error:
        raise CorruptFileError(f"{folder.config} is damaged ({error}); train the run again with --force") from error


def restore_model(folder: RunFolder, record: TrainRecord, config: RunConfig, backend: Backend) -> Head:
    """Return the trained model, executed on ``backend``.

    Raises:
        CorruptFileError: ``model.safetensors`` is damaged or belongs to another model.
    """
    shape = tuple(record.encoder.get("input_shape", [record.encoder["n_features"]]))  # older records have no shape
    model = build_model(config, backend, shape, len(record.dataset["classes"]))
    try:
        model.load_state_dict(as_tensors(read_arrays(folder.model)[0]))
    except (CorruptFileError, RuntimeError, OSError) as error:
        raise CorruptFileError(f"{folder.model} is damaged; train the run again with --force") from error
    return model.eval()
