"""Options of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option
from qlab.errors import OptionError

OPTIMIZERS = ("adam", "adamw", "nadam", "radam", "rmsprop", "sgd")
SCHEDULES = ("constant", "step", "cosine", "exponential", "one_cycle", "warm_restarts")
WITH_MIN_LR = ("cosine", "warm_restarts")


@dataclass
class Trainer:
    """How a head is trained."""

    FACTORY: ClassVar[str] = "qlab.training.trainer:Trainer"

    optimizer: str = option("adam", "optimizer", choices=OPTIMIZERS)
    lr: float = option(0.01, "learning rate; of one_cycle the peak", above=0, at_most=1e6)
    weight_decay: float = option(0.0, "weight decay", at_least=0, at_most=1e6)
    momentum: float = option(0.0, "momentum of sgd and rmsprop; one_cycle has its own", at_least=0, at_most=1)
    epochs: int = option(30, "passes over the training split", at_least=1, at_most=1_000_000)
    batch_size: int = option(32, "examples per step", at_least=1, at_most=1_000_000)
    schedule: str = option("constant", "learning rate over the epochs, or over the batches", choices=SCHEDULES)
    step_size: int = option(10, "epochs between two steps, or batches between two restarts", at_least=1)
    gamma: float = option(0.5, "factor of the step and exponential schedules", above=0, at_most=1)
    min_lr: float = option(0.0, "where cosine and warm_restarts end", at_least=0, at_most=1e6)
    clip_norm: float | None = option(None, "largest norm of the gradient; null: no limit", above=0)
    patience: int | None = option(None, "epochs without a better validation loss before stopping", at_least=1)
    keep: str = option("best", "weights to keep: best validation loss, or last", choices=("best", "last"))
    gradient: str = option(
        "backend",
        "the backend's own, parameter shift, or simultaneous perturbation",
        choices=("backend", "parameter_shift", "spsa"),
    )
    noise_aware: bool = option(False, "train with the noise and shots that are evaluated with")
    class_weights: bool = option(False, "weigh classes by their rarity in the loss")
    label_smoothing: float = option(
        0.0, "share of every label that is spread over all classes, in the training loss only", at_least=0, at_most=0.99
    )
    shuffle: bool = option(True, "another order in every epoch; false: one random order for all")
    flush_denormals: bool = option(False, "take numbers too small for a normal one as zero in training")


def check_together(options: Trainer) -> None:
    """Raise ``OptionError`` where the smallest learning rate is that of no schedule, or not the smallest."""
    if options.min_lr and options.schedule not in WITH_MIN_LR:
        raise OptionError(
            f"trainer.min_lr={options.min_lr:g} is where the schedules {' and '.join(WITH_MIN_LR)} end, "
            f"not {options.schedule}: leave it out"
        )
    if options.min_lr > options.lr:
        raise OptionError(f"trainer.min_lr={options.min_lr:g} is above trainer.lr={options.lr:g}: give a smaller one")
