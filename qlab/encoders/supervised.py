"""Trains a block together with a linear classifier, so that its features are worth freezing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from qlab.data.dataset import FloatArray, IntArray
from qlab.errors import DataError, DivergedError
from qlab.progress import Progress

_HELD_OUT = 9
"""One image in this many is kept back to measure the accuracy."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a block is trained.

    Attributes:
        epochs: passes over the training images.
        lr: peak learning rate of AdamW under a one-cycle schedule.
        batch_size: images per step, at least.
        seed: of the initial weights, the held-out images and the order of the others.
    """

    epochs: int
    lr: float
    batch_size: int
    seed: int


def train_classifier(
    block: nn.Module,
    width: int,
    images: FloatArray,
    labels: IntArray,
    schedule: Schedule,
    progress: Progress,
    task: str,
) -> float:
    """Train ``block`` and a linear classifier on its ``width`` outputs; return the accuracy on held-out images.

    One image in nine is held out. ``block`` maps (batch, C, H, W) to (batch, width), is changed in place and left in
    evaluation mode.

    Raises:
        DataError: there are fewer than three images.
        DivergedError: the loss is not finite.
    """
    if len(images) < 3:
        raise DataError(f"{task}: {len(images)} image(s) are too few to train on and to measure an accuracy")
    generator = torch.Generator().manual_seed(schedule.seed)
    order = torch.randperm(len(images), generator=generator)
    held_out, rest = order.tensor_split([max(1, len(order) // _HELD_OUT)])
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(schedule.seed)
        model = nn.Sequential(block, nn.Linear(width, int(labels.max()) + 1))
    x, y = torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(labels)
    _train(model, x[rest], y[rest], schedule, generator, progress, task)
    return _accuracy(model, x[held_out], y[held_out], schedule.batch_size)


def _train(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    schedule: Schedule,
    generator: torch.Generator,
    progress: Progress,
    task: str,
) -> None:
    n_batches = max(1, len(images) // schedule.batch_size)
    optimizer = AdamW(model.parameters(), lr=schedule.lr, fused=True)
    scheduler = OneCycleLR(optimizer, max_lr=schedule.lr, total_steps=max(2, schedule.epochs * n_batches))
    model.train()
    for _ in progress.track(range(schedule.epochs), task, schedule.epochs):
        # balanced batches: batch normalisation cannot train on a left-over batch of one image
        for batch in torch.randperm(len(images), generator=generator).tensor_split(n_batches):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            scheduler.step()
        if not torch.isfinite(loss):
            raise DivergedError(f"{task}: the loss is {loss.item()}; a learning rate below {schedule.lr:g} may help")
    model.eval()


@torch.inference_mode()
def _accuracy(model: nn.Module, images: Tensor, labels: Tensor, batch_size: int) -> float:
    predicted = torch.cat([model(batch).argmax(1) for batch in torch.split(images, batch_size)])
    return (predicted == labels).float().mean().item()
