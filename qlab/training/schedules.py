"""The learning rate over the epochs or the batches of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.optim import lr_scheduler

CONSTANT = "constant"
_BY_BATCH = ("one_cycle", "warm_restarts")


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes.

    One cycle rises to ``lr`` over the first 30 % of all batches from a 25th of it, falls to nearly nothing, and moves
    the momentum (or the first beta) from 0.95 to 0.85 and back against it, whatever it is set to: PyTorch's
    ``OneCycleLR`` with its defaults.

    Attributes:
        name: ``constant``, ``step``, ``cosine``, ``exponential``, ``one_cycle``, or ``warm_restarts``.
        lr: the peak of one cycle; the others begin at the optimiser's own.
        step_size: epochs between two steps, or batches between two restarts.
        gamma: factor of step and exponential.
        min_lr: where cosine and warm restarts end.
    """

    name: str
    lr: float
    step_size: int
    gamma: float
    min_lr: float

    @property
    def by_batch(self) -> bool:
        """Whether it changes after every batch instead of after every epoch."""
        return self.name in _BY_BATCH

    def scheduler(
        self, optimizer: torch.optim.Optimizer, *, epochs: int, batches: int
    ) -> lr_scheduler.LRScheduler | None:
        """Return what changes the learning rate of ``optimizer``; None where it is constant.

        Args:
            optimizer: changed by every step of the schedule.
            epochs: of all training.
            batches: of each epoch.
        """
        makers: dict[str, Callable[[], lr_scheduler.LRScheduler]] = {
            "step": lambda: lr_scheduler.StepLR(optimizer, self.step_size, self.gamma),
            "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, epochs, self.min_lr),
            "exponential": lambda: lr_scheduler.ExponentialLR(optimizer, self.gamma),
            "one_cycle": lambda: lr_scheduler.OneCycleLR(optimizer, self.lr, total_steps=epochs * batches),
            "warm_restarts": lambda: lr_scheduler.CosineAnnealingWarmRestarts(
                optimizer, self.step_size, eta_min=self.min_lr
            ),
        }
        return makers[self.name]() if self.name != CONSTANT else None
