"""Options of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option

OPTIMIZERS = ("adam", "adamw", "nadam", "radam", "rmsprop", "sgd")
SCHEDULES = ("constant", "step", "cosine", "exponential")


@dataclass
class Trainer:
    """How a head is trained."""

    FACTORY: ClassVar[str] = "qlab.training.trainer:Trainer"

    optimizer: str = option("adam", "optimizer", choices=OPTIMIZERS)
    lr: float = option(0.01, "learning rate", above=0, at_most=1e6)
    weight_decay: float = option(0.0, "weight decay", at_least=0, at_most=1e6)
    momentum: float = option(0.0, "momentum of sgd and rmsprop", at_least=0, at_most=1)
    epochs: int = option(30, "passes over the training split", at_least=1, at_most=1_000_000)
    batch_size: int = option(32, "examples per step", at_least=1, at_most=1_000_000)
    schedule: str = option("constant", "learning rate over the epochs", choices=SCHEDULES)
    step_size: int = option(10, "epochs between two steps of the step schedule", at_least=1)
    gamma: float = option(0.5, "factor of the step and exponential schedules", above=0, at_most=1)
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
    shuffle: bool = option(True, "another order in every epoch; false: one random order for all")
