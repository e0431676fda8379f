"""Schedules by the batch follow their equations, and go on in the middle of a cycle with the same bits."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from qlab.arrays import read_arrays
from qlab.progress import Silent
from qlab.training.schedules import Schedule
from qlab.training.seeds import seeded_epoch
from qlab.training.trainer import OPTIMIZERS, Outcome, Trainer
from tests.training.test_trainer import Interrupted, StopAfter, blobs

EPOCHS, BATCH = 6, 7  # 60 examples are 9 batches, the last one smaller
PER_EPOCH = math.ceil(60 / BATCH)


def model(seed: int = 0) -> nn.Sequential:
    """A network that draws in training and that knows something besides its parameters."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))


def trainer(optimizer: str, schedule: str, **options: float) -> Trainer:
    return Trainer(
        optimizer=optimizer,
        schedule=schedule,
        lr=0.01,
        step_size=5,
        epochs=EPOCHS,
        batch_size=BATCH,
        weight_decay=0.01,
        **options,  # type: ignore[arg-type]
    )


def fit(chosen: Trainer, checkpoint: Path, network: nn.Module, stop: int | None = None) -> Outcome:
    progress = Silent() if stop is None else StopAfter(stop)
    return chosen.fit(network, blobs(1), blobs(2), seed=3, checkpoint=checkpoint, identity="", progress=progress)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "warm_restarts"])
def test_dropout_goes_on_with_the_same_bits_in_the_middle_of_a_cycle(
    optimizer: str, schedule: str, tmp_path: Path
) -> None:
    chosen = trainer(optimizer, schedule, label_smoothing=0.1, momentum=0.9)
    whole = fit(chosen, tmp_path / "whole", model())
    for start, epoch in ((model(), 2), (model(seed=9), 3)):
        torch.rand(epoch)  # whatever else was drawn
        with pytest.raises(Interrupted):
            fit(chosen, tmp_path / "parts", start, stop=epoch)
    parts = fit(chosen, tmp_path / "parts", model(seed=9))
    assert parts.history == whole.history
    assert all(torch.equal(parts.weights[name], whole.weights[name]) for name in whole.weights)
    assert len(parts.epoch_seconds) == EPOCHS
    ends = [read_arrays(tmp_path / name)[0] for name in ("whole", "parts")]
    assert all((ends[0][name] == ends[1][name]).all() for name in ends[0])


def one_cycle(step: int, peak: float, total: int) -> tuple[float, float]:
    """Learning rate and momentum: cosines between 1/25, 1 and 1/250,000 of the peak, and 0.95, 0.85 and 0.95."""
    rise = 0.3 * total - 1
    if step <= rise:
        first, last, share = (peak / 25, 0.95), (peak, 0.85), step / rise
    else:
        first, last, share = (peak, 0.85), (peak / 25 / 1e4, 0.95), (step - rise) / (total - 1 - rise)
    weight = (1 + math.cos(math.pi * share)) / 2
    return last[0] + (first[0] - last[0]) * weight, last[1] + (first[1] - last[1]) * weight


@pytest.mark.parametrize(("optimizer", "stop"), [("sgd", 2), ("adamw", 2), ("rmsprop", 4), ("adam", 5)])
def test_a_checkpoint_has_rate_and_momentum_of_the_next_batch(optimizer: str, stop: int, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        fit(trainer(optimizer, "one_cycle"), file, model(), stop=stop)
    (group,) = read_arrays(file)[1]["param_groups"]
    lr, momentum = one_cycle(stop * PER_EPOCH, 0.01, EPOCHS * PER_EPOCH)
    assert group["lr"] == pytest.approx(lr, rel=1e-9)
    found = group["betas"][0] if "betas" in group else group["momentum"]
    assert found == pytest.approx(momentum, rel=1e-9)


def test_warm_restarts_begin_anew_after_so_many_batches() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.2)
    schedule = Schedule("warm_restarts", 0.2, step_size=5, gamma=0.5, min_lr=0.02)
    scheduler = schedule.scheduler(optimizer, epochs=2, batches=9)
    assert scheduler is not None
    for step in range(18):
        expected = 0.02 + (0.2 - 0.02) * (1 + math.cos(math.pi * (step % 5) / 5)) / 2
        assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)
        optimizer.step()
        scheduler.step()


def test_the_history_tells_the_rate_at_the_beginning_of_each_epoch(tmp_path: Path) -> None:
    told = [row.lr for row in fit(trainer("adam", "one_cycle"), tmp_path / "one", model()).history]
    steps = range(0, EPOCHS * PER_EPOCH, PER_EPOCH)
    assert told == pytest.approx([one_cycle(step, 0.01, EPOCHS * PER_EPOCH)[0] for step in steps])


def test_cosine_ends_at_the_smallest_rate(tmp_path: Path) -> None:
    told = [row.lr for row in fit(trainer("sgd", "cosine", min_lr=0.004), tmp_path / "one", model()).history]
    expected = [0.004 + 0.006 * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2 for epoch in range(EPOCHS)]
    assert told == pytest.approx(expected)


def test_labels_are_smoothed_in_training_only(tmp_path: Path) -> None:
    """At a vanishing rate the loss is that of the first weights: 1 - s of the label, s spread over all classes."""
    torch.manual_seed(0)
    network = nn.Linear(4, 2)
    logs = nn.functional.log_softmax(network(blobs(1).features), 1).detach()
    plain = -float(logs[torch.arange(60), blobs(1).labels].mean())
    smoothing = 0.3
    frozen = Trainer(optimizer="sgd", lr=1e-30, epochs=1, label_smoothing=smoothing)
    (row,) = fit(frozen, tmp_path / "one", network).history
    assert row.train_loss == pytest.approx((1 - smoothing) * plain - smoothing * float(logs.mean()), rel=1e-5)
    of_val = nn.functional.cross_entropy(network(blobs(2).features), blobs(2).labels)
    assert row.val_loss == pytest.approx(of_val.item(), rel=1e-5)


def test_what_is_drawn_in_an_epoch_depends_on_seed_and_epoch_alone() -> None:
    def drawn(seed: int, epoch: int) -> tuple[float, ...]:
        with seeded_epoch(seed, epoch):
            return tuple(torch.rand(3).tolist())

    torch.manual_seed(5)
    undisturbed = torch.rand(2)
    torch.manual_seed(5)
    found = {place: drawn(*place) for place in itertools.product((0, 1), (1, 2))}
    assert torch.equal(torch.rand(2), undisturbed)
    assert len(set(found.values())) == 4
    assert drawn(1, 2) == found[1, 2]
