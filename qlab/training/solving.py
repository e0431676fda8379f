"""Heads that are solved instead of trained."""

from __future__ import annotations

import time

from torch import nn

from qlab.heads.head import Solved
from qlab.training.checkpoint import Epoch
from qlab.training.denormals import denormal_share
from qlab.training.trainer import Examples, Outcome, balanced_weights, copy_of_weights, score


def solve(model: Solved, train: Examples, val: Examples, *, class_weights: bool) -> Outcome:
    """Set ``model`` from all training examples at once; its history has one row.

    Args:
        model: set in place.
        train: examples to learn from.
        val: examples for the loss in the history.
        class_weights: weigh classes by their rarity.

    Raises:
        OptionError: there are fewer examples than the head needs.
    """
    started, cpu = time.perf_counter(), time.process_time()
    weights = balanced_weights(train.labels) if class_weights else None
    loss_function = nn.CrossEntropyLoss(weight=weights)
    model.solve(train.features, train.labels, weights)
    train_loss, _ = score(model, train, loss_function)
    val_loss, val_accuracy = score(model, val, loss_function)
    row = Epoch(1, 0.0, train_loss, val_loss, val_accuracy)
    return Outcome(
        copy_of_weights(model),
        [row],
        1,
        stopped_early=False,
        epoch_seconds=[time.perf_counter() - started],
        cpu_seconds=time.process_time() - cpu,
        denormal_share=denormal_share(model),
    )
