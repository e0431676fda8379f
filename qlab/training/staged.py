"""Heads that are trained more than once: from several starts, and stage by stage."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from torch import nn

from qlab.heads.head import Staged
from qlab.progress import Progress
from qlab.training.checkpoint import Epoch, Tensors
from qlab.training.trainer import Examples, Outcome, Trainer


def fit_staged(
    trainer: Trainer,
    model: Staged,
    train: Examples,
    val: Examples,
    *,
    seed: int,
    checkpoint: Path,
    identity: str,
    progress: Progress,
) -> Outcome:
    """Train every stage of every start of ``model``; keep the start with the least training loss in its last stage.

    The history has the epochs of all, one after the other. Where there is more than one stage, each has a checkpoint
    beside ``checkpoint``, so that an interrupted training goes on where it was; they are gone when it ends.

    Raises:
        DivergedError: as ``Trainer.fit`` does.
        CorruptFileError: as ``Trainer.fit`` does.
    """
    history: list[Epoch] = []
    checkpoints: list[Path] = []
    best: tuple[float, int, Tensors] | None = None
    trainable = _trainable(model)
    epoch_seconds: list[float] = []
    cpu_seconds, stopped_early = 0.0, False
    for start in range(model.n_starts):
        for stage in range(model.n_stages):
            model.begin(start, stage)
            file = checkpoint
            if model.n_starts * model.n_stages > 1:
                progress.say(f"start {start + 1} of {model.n_starts}, stage {stage + 1} of {model.n_stages}")
                file = checkpoint.with_name(f"{checkpoint.stem}-{start}-{stage}{checkpoint.suffix}")
                checkpoints.append(file)
            found = trainer.fit(model, train, val, seed=seed, checkpoint=file, identity=identity, progress=progress)
            model.load_state_dict(found.weights)
            kept = len(history) + found.kept_epoch
            history += [dataclasses.replace(row, epoch=len(history) + row.epoch) for row in found.history]
            epoch_seconds += found.epoch_seconds
            cpu_seconds, stopped_early = cpu_seconds + found.cpu_seconds, stopped_early or found.stopped_early
        loss = history[kept - 1].train_loss
        if best is None or loss < best[0]:
            best = (loss, kept, found.weights)
    assert best is not None
    for parameter in trainable:
        parameter.requires_grad_(True)
    for file in checkpoints:
        file.unlink(missing_ok=True)
    return Outcome(best[2], history, best[1], stopped_early, epoch_seconds, cpu_seconds, found.denormal_share)


def _trainable(model: Staged) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
