"""The training job: find the run if it is finished, otherwise train it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from qlab.config.conditions import evaluation_of
from qlab.config.keys import training_key
from qlab.config.schema import RunConfig
from qlab.jobs.run import Run
from qlab.progress import Progress, Silent
from qlab.records.store import RunFolder, run_folder


def train(config: RunConfig, progress: Progress | None = None, *, force: bool = False) -> Run:
    """Train the head of ``config`` and evaluate it, or find the run already finished.

    Where the config has noise or shots and training is not aware of them, the trained head is evaluated without them
    and, in a record of its own, with them.

    An interrupted run goes on from its last epoch and ends with the same bits.

    Args:
        config: the validated config.
        progress: told how far the work is.
        force: train again even if the run is finished or begun.

    Raises:
        RequestError: the data are missing, or the options do not fit them.
        JobError: the loss is not finite, or a file of the run is damaged.
    """
    folder, evaluation = folder_of(config), evaluation_of(config)
    if folder.is_finished and not force:
        run = Run(folder, found=True)
    else:
        # What follows needs PyTorch; a finished run is found without it.
        from qlab.jobs.training import execute

        run = execute(config, folder, progress or Silent(), force=force)
    if evaluation is not None:
        from qlab.jobs.evaluate import evaluate

        return dataclasses.replace(run, evaluation=evaluate(run, evaluation, progress, force=force))
    return run


def folder_of(config: RunConfig) -> RunFolder:
    """Return the folder of the run of ``config``, finished or not."""
    return run_folder(Path(config.place.output_dir), run_name(config), training_key(config))


def run_name(config: RunConfig) -> str:
    """Return what the run's folder is called before the key."""
    return config.place.name or f"{config.dataset.name}-{config.encoder.name}-{config.head.name}"
