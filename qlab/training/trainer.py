"""The training loop: a head, its features and labels, an optimiser, and a checkpoint after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from qlab.errors import DivergedError
from qlab.progress import Progress, Silent
from qlab.training.checkpoint import Epoch, Tensors, TrainingState, load_checkpoint, save_checkpoint
from qlab.training.denormals import Call, calling, denormal_share
from qlab.training.schedules import Schedule
from qlab.training.seeds import epoch_order, seeded_epoch

EVALUATION_BATCH = 256
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True, eq=False)
class Examples:
    """Features (N, n_features) with labels (N,)."""

    features: torch.Tensor
    labels: torch.Tensor

    def batches(self, size: int, order: torch.Tensor | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield at most ``size`` examples at a time, in ``order`` if given."""
        index = torch.arange(len(self.labels)) if order is None else order
        for part in torch.split(index, size):
            yield self.features[part], self.labels[part]


@dataclass(frozen=True)
class Outcome:
    """What training ended with.

    Attributes:
        weights: the weights kept.
        history: one row per epoch.
        kept_epoch: the epoch whose weights were kept, from 1.
        stopped_early: whether the validation loss ended it before the last epoch.
        epoch_seconds: time spent on each epoch, by the clock.
        cpu_seconds: time that all threads of the process spent on all of them.
        denormal_share: which share of the trainable weights that are not zero was denormal at the end, be they kept or
            not; None where there is none.
    """

    weights: Tensors
    history: list[Epoch]
    kept_epoch: int
    stopped_early: bool
    epoch_seconds: list[float]
    cpu_seconds: float
    denormal_share: float | None

    @property
    def seconds(self) -> float:
        """Time spent, over all sessions if it was interrupted."""
        return sum(self.epoch_seconds)


@dataclass(frozen=True, eq=False)
class _Learner:
    """What learns, and by what: ``by_batch`` is the schedule where it changes after every batch."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    by_batch: lr_scheduler.LRScheduler | None
    loss_function: nn.Module
    checkpoint: Path


class Trainer:
    """Minimises the cross entropy of a head on the training examples.

    Validation examples choose the epoch to keep and when to stop, by the cross entropy with their labels as they are,
    smoothed ones in training or not; test examples are never seen. Each epoch's batch order and what is drawn in it
    depend on the seed and the epoch alone, so that going on from a checkpoint gives the same bits.
    """

    def __init__(
        self,
        *,
        optimizer: str = "adam",
        lr: float = 0.01,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        epochs: int = 30,
        batch_size: int = 32,
        schedule: str = "constant",
        step_size: int = 10,
        gamma: float = 0.5,
        min_lr: float = 0.0,
        clip_norm: float | None = None,
        patience: int | None = None,
        keep: str = "best",
        class_weights: bool = False,
        label_smoothing: float = 0.0,
        shuffle: bool = True,
        flush_denormals: bool = False,
    ) -> None:
        self.optimizer, self.lr, self.weight_decay, self.momentum = optimizer, lr, weight_decay, momentum
        self.epochs, self.batch_size = epochs, batch_size
        self.schedule = Schedule(schedule, lr, step_size, gamma, min_lr)
        self.clip_norm, self.patience, self.keep, self.class_weights = clip_norm, patience, keep, class_weights
        self.label_smoothing, self.shuffle, self.flush_denormals = label_smoothing, shuffle, flush_denormals

    def fit(
        self,
        model: nn.Module,
        train: Examples,
        val: Examples,
        *,
        seed: int,
        checkpoint: Path,
        identity: str,
        progress: Progress,
    ) -> Outcome:
        """Train ``model``, going on from ``checkpoint`` if it exists.

        Args:
            model: trained in place.
            train: examples to learn from.
            val: examples to choose the epoch by.
            seed: of the batch order and of what is drawn in training.
            checkpoint: file that is written after every epoch.
            identity: of the examples; a checkpoint of other examples is refused.
            progress: told about every epoch.

        Raises:
            DivergedError: the loss or a weight is not finite; the checkpoint holds the last good epoch.
            CorruptFileError: the checkpoint is damaged or was made on other examples.
            CapabilityError: denormal numbers are to be flushed, and the processor cannot.
        """
        optimizer = self._optimizer(model)
        batches = math.ceil(len(train.labels) / self.batch_size)
        scheduler = self.schedule.scheduler(optimizer, epochs=self.epochs, batches=batches)
        state = load_checkpoint(checkpoint, identity, model, optimizer, scheduler)
        weight = balanced_weights(train.labels) if self.class_weights else None
        smoothed = nn.CrossEntropyLoss(weight=weight, label_smoothing=self.label_smoothing)
        learner = _Learner(model, optimizer, scheduler if self.schedule.by_batch else None, smoothed, checkpoint)
        if state.history:
            progress.say(f"going on after epoch {len(state.history)} of {self.epochs}")
        epochs = range(len(state.history) + 1, self.epochs + 1)
        with calling(flushed=self.flush_denormals) as call:
            for epoch in progress.track(epochs, "training", len(epochs)):
                if self._is_over(state):
                    break
                started, cpu, lr = time.perf_counter(), time.process_time(), _lr(optimizer)
                train_loss = self._pass(learner, train, seed, epoch, call)
                if scheduler is not None and not self.schedule.by_batch:
                    scheduler.step()
                val_loss, val_accuracy = call(score, model, val, nn.CrossEntropyLoss(weight=weight))
                _require_finite(val_loss, f"the validation loss after epoch {epoch}", lr, checkpoint)
                self._note(state, model, Epoch(epoch, lr, train_loss, val_loss, val_accuracy))
                state.epoch_seconds.append(time.perf_counter() - started)
                state.cpu_seconds += time.process_time() - cpu
                save_checkpoint(checkpoint, identity, state, model, optimizer, scheduler)
                progress.say(
                    f"epoch {epoch}/{self.epochs}  train loss {train_loss:.4f}  val loss {val_loss:.4f}  "
                    f"val accuracy {val_accuracy:.4f}"
                )
        return self._outcome(state, model)

    def _pass(self, learner: _Learner, train: Examples, seed: int, epoch: int, call: Call) -> float:
        """Take one step per batch, each by ``call``; return the mean loss over the examples."""
        order = epoch_order(seed, epoch if self.shuffle else 1, len(train.labels))
        learner.model.train()
        total, seen = 0.0, 0
        with seeded_epoch(seed, epoch):
            for number, (features, labels) in enumerate(train.batches(self.batch_size, order), 1):
                where = f"the loss in epoch {epoch}, batch {number}"
                total += call(self._step, learner, features, labels, where) * len(labels)
                seen += len(labels)
        return total / seen

    def _step(self, learner: _Learner, features: torch.Tensor, labels: torch.Tensor, where: str) -> float:
        """Take one step of the optimiser; return the loss before it."""
        learner.optimizer.zero_grad(set_to_none=True)
        loss = learner.loss_function(learner.model(features), labels)
        value = float(loss.item())
        _require_finite(value, where, _lr(learner.optimizer), learner.checkpoint)
        loss.backward()
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(learner.model.parameters(), self.clip_norm)
        learner.optimizer.step()
        if learner.by_batch is not None:
            learner.by_batch.step()
        return value

    def _note(self, state: TrainingState, model: nn.Module, row: Epoch) -> None:
        is_best = row.val_loss < state.best_loss
        state.history.append(row)
        if is_best:
            state.best_epoch = row.epoch
            state.best_weights = copy_of_weights(model)

    def _is_over(self, state: TrainingState) -> bool:
        return self.patience is not None and len(state.history) - state.best_epoch >= self.patience

    def _outcome(self, state: TrainingState, model: nn.Module) -> Outcome:
        keeps_best = self.keep == "best"
        return Outcome(
            weights=state.best_weights if keeps_best else copy_of_weights(model),
            history=state.history,
            kept_epoch=state.best_epoch if keeps_best else len(state.history),
            stopped_early=len(state.history) < self.epochs,
            epoch_seconds=state.epoch_seconds,
            cpu_seconds=state.cpu_seconds,
            denormal_share=denormal_share(model),
        )

    def _optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        options: dict[str, Any] = {"lr": self.lr, "weight_decay": self.weight_decay}
        if self.optimizer in ("sgd", "rmsprop"):
            options["momentum"] = self.momentum
        return OPTIMIZERS[self.optimizer](model.parameters(), **options)


def predict(
    model: nn.Module, features: torch.Tensor, progress: Progress | None = None, *, batch: int = EVALUATION_BATCH
) -> torch.Tensor:
    """Return the logits (N, n_classes) of features (N, n_features), computed for ``batch`` of them at once.

    A model whose logits depend on the batch says how many are computed at once, in the order given.
    """
    model.eval()
    parts = torch.split(features, getattr(model, "evaluation_batch", None) or batch)
    with torch.no_grad():
        return torch.cat([model(part) for part in (progress or Silent()).track(parts, "evaluation")])


def balanced_weights(labels: torch.Tensor) -> torch.Tensor:
    """Return a weight for each class (C,), inverse to how often it is among labels (N,); their mean over these is 1."""
    counts = torch.bincount(labels).clamp(min=1)
    return len(labels) / (len(counts) * counts.float())


def score(model: nn.Module, examples: Examples, loss_function: nn.Module) -> tuple[float, float]:
    """Return the loss and the accuracy on ``examples``."""
    logits = predict(model, examples.features)
    correct = (logits.argmax(1) == examples.labels).double().mean()
    return float(loss_function(logits, examples.labels)), float(correct)


def _require_finite(loss: float, where: str, lr: float, checkpoint: Path) -> None:
    if not math.isfinite(loss):
        kept = f"the epochs before it are kept in {checkpoint}" if checkpoint.exists() else "no epoch was finished"
        raise DivergedError(f"{where} is {loss} (learning rate {lr:g}); {kept}; try a smaller trainer.lr")


def _lr(optimizer: torch.optim.Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])


def copy_of_weights(model: nn.Module) -> Tensors:
    """Return what ``model`` knows, in tensors of their own."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
