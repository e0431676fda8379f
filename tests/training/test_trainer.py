"""The training loop: it learns, it stops, it refuses what is not finite, and it goes on with the same bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import nn

from qlab.arrays import read_arrays, write_arrays
from qlab.errors import CorruptFileError, DivergedError
from qlab.progress import Silent
from qlab.training.seeds import epoch_order, torch_generator
from qlab.training.trainer import OPTIMIZERS, Examples, Outcome, Trainer, balanced_weights, predict

T = TypeVar("T")


def blobs(seed: int, size: int = 60) -> Examples:
    """Two Gaussian clouds whose centres are 3 standard deviations apart."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(size) % 2
    features = torch.randn(size, 4, generator=generator) + 3.0 * labels[:, None]
    return Examples(features, labels)


def model(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def fit(trainer: Trainer, folder: Path, network: nn.Module | None = None, seed: int = 0) -> Outcome:
    checkpoint = folder / "checkpoint.safetensors"
    return trainer.fit(
        network or model(), blobs(1), blobs(2), seed=seed, checkpoint=checkpoint, identity="", progress=Silent()
    )


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_it_learns_with_every_optimizer(optimizer: str, tmp_path: Path) -> None:
    outcome = fit(Trainer(optimizer=optimizer, lr=0.02, momentum=0.5, epochs=20, batch_size=8), tmp_path)
    assert outcome.history[-1].val_accuracy > 0.95
    assert outcome.history[-1].train_loss < outcome.history[0].train_loss


class Interrupted(Exception):
    """Stands for the end of the process between two epochs."""


class StopAfter(Silent):
    """Ends the work when an epoch has been reported."""

    def __init__(self, epoch: int) -> None:
        self.beginning = f"epoch {epoch}/"

    def say(self, message: str) -> None:
        if message.startswith(self.beginning):
            raise Interrupted


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("schedule", ["constant", "step", "cosine", "exponential"])
def test_going_on_gives_the_same_bits(optimizer: str, schedule: str, tmp_path: Path) -> None:
    trainer = Trainer(
        optimizer=optimizer, schedule=schedule, step_size=2, momentum=0.9, weight_decay=0.01, epochs=6, batch_size=7
    )
    whole = fit(trainer, tmp_path / "whole")
    checkpoint = tmp_path / "parts" / "checkpoint.safetensors"
    for start, epoch in ((model(), 2), (model(seed=9), 3)):
        with pytest.raises(Interrupted):
            trainer.fit(
                start, blobs(1), blobs(2), seed=0, checkpoint=checkpoint, identity="", progress=StopAfter(epoch)
            )
    parts = fit(trainer, tmp_path / "parts", model(seed=9))
    assert parts.history == whole.history
    assert parts.kept_epoch == whole.kept_epoch
    assert all(torch.equal(parts.weights[name], whole.weights[name]) for name in whole.weights)


def test_early_stopping_counts_from_the_best_validation_loss(tmp_path: Path) -> None:
    outcome = fit(Trainer(lr=1.0, epochs=100, batch_size=4, patience=3), tmp_path)
    losses = [row.val_loss for row in outcome.history]
    best = min(range(len(losses)), key=losses.__getitem__)
    assert outcome.stopped_early
    assert len(losses) == best + 1 + 3
    assert outcome.kept_epoch == best + 1


def test_the_weights_kept_are_those_of_the_epoch_named(tmp_path: Path) -> None:
    network = model()
    outcome = fit(Trainer(lr=0.3, epochs=15, batch_size=4), tmp_path, network)
    network.load_state_dict(outcome.weights)
    val = blobs(2)
    loss = nn.functional.cross_entropy(predict(network, val.features), val.labels)
    assert float(loss) == pytest.approx(outcome.history[outcome.kept_epoch - 1].val_loss, rel=1e-6)


def test_predictions_do_not_depend_on_how_many_are_made_at_once() -> None:
    network, features = model(), blobs(2).features
    torch.testing.assert_close(predict(network, features, batch=3), predict(network, features))
    labels: list[str] = []

    class Listener(Silent):
        def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
            labels.append(label)
            yield from items

    predict(network, features, Listener())
    assert labels == ["evaluation"]


def test_a_loss_that_is_not_finite_stops_with_the_last_good_epoch(tmp_path: Path) -> None:
    trainer = Trainer(epochs=2, batch_size=8)
    fit(trainer, tmp_path)
    kept = (tmp_path / "checkpoint.safetensors").read_bytes()
    broken = blobs(1)
    broken.features[17, 2] = float("nan")
    longer = Trainer(epochs=4, batch_size=8)
    with pytest.raises(DivergedError, match=r"the loss in epoch 3, batch \d+ is nan .* kept in .*checkpoint"):
        longer.fit(
            model(),
            broken,
            blobs(2),
            seed=0,
            checkpoint=tmp_path / "checkpoint.safetensors",
            identity="",
            progress=Silent(),
        )
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == kept


def test_weights_that_overflow_in_the_last_batch_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"after epoch 1 is (nan|inf)"):
        fit(Trainer(optimizer="sgd", lr=1e38, epochs=1, batch_size=60), tmp_path)
    assert not (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("damage", ["empty", "other", "cut", "one bit"])
def test_a_damaged_checkpoint_is_named(damage: str, tmp_path: Path) -> None:
    trainer = Trainer(epochs=1)
    fit(trainer, tmp_path)
    file = tmp_path / "checkpoint.safetensors"
    content = file.read_bytes()
    flipped = content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]
    file.write_bytes({"empty": b"", "other": b"no tensors", "cut": content[:-10], "one bit": flipped}[damage])
    with pytest.raises(CorruptFileError, match="--force"):
        fit(trainer, tmp_path)


def test_a_checkpoint_of_older_code_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(epochs=1)
    fit(trainer, tmp_path)
    file = tmp_path / "checkpoint.safetensors"
    arrays, meta = read_arrays(file)
    seconds = sum(meta.pop("epoch_seconds"))
    write_arrays(file, arrays, {**meta, "seconds": seconds})
    with pytest.raises(CorruptFileError, match=r"made by an older version of qlab\); --force trains again"):
        fit(trainer, tmp_path)


def test_time_is_counted_over_all_sessions(tmp_path: Path) -> None:
    first = fit(Trainer(epochs=2), tmp_path)
    both = fit(Trainer(epochs=5), tmp_path)
    assert both.epoch_seconds[:2] == first.epoch_seconds
    assert len(both.epoch_seconds) == 5
    assert both.seconds == pytest.approx(sum(both.epoch_seconds))
    assert both.cpu_seconds > first.cpu_seconds > 0


def test_a_checkpoint_of_other_examples_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(epochs=1)
    fit(trainer, tmp_path)
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(CorruptFileError, match=r"it was made on other features\); --force"):
        trainer.fit(model(), blobs(3), blobs(2), seed=0, checkpoint=file, identity="other", progress=Silent())


def test_clipping_bounds_the_step(tmp_path: Path) -> None:
    network = model()
    before = [parameter.detach().clone() for parameter in network.parameters()]
    fit(Trainer(optimizer="sgd", lr=1.0, clip_norm=0.01, epochs=1, batch_size=60), tmp_path, network)
    step = (
        sum(float(((new.detach() - old) ** 2).sum()) for new, old in zip(network.parameters(), before, strict=True))
        ** 0.5
    )
    assert step == pytest.approx(0.01, rel=1e-3)


def test_rare_classes_weigh_more() -> None:
    assert balanced_weights(torch.tensor([0] * 9 + [1])).tolist() == pytest.approx([10 / 18, 5.0])


def test_every_epoch_visits_every_example_once_in_an_order_of_its_own() -> None:
    orders = [epoch_order(3, epoch, 50) for epoch in (1, 2)]
    assert all(sorted(order.tolist()) == list(range(50)) for order in orders)
    assert not torch.equal(*orders)
    assert torch.equal(orders[0], epoch_order(3, 1, 50))
    assert not torch.equal(orders[0], epoch_order(4, 1, 50))


def test_streams_of_one_seed_are_independent() -> None:
    draws = {
        (seed, purpose): torch.rand(4, generator=torch_generator(seed, purpose)).tolist()
        for seed in (0, 1)
        for purpose in ("weights", "order")
    }
    assert len({tuple(draw) for draw in draws.values()}) == len(draws)


@pytest.mark.parametrize("shuffle", [True, False])
def test_without_shuffling_every_epoch_has_the_order_of_the_first(shuffle: bool, tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []

    class Watched(nn.Sequential):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            if self.training:
                seen.append(input)
            return super().forward(input)  # type: ignore[no-any-return, no-untyped-call]

    fit(Trainer(epochs=2, batch_size=7, shuffle=shuffle), tmp_path, Watched(nn.Linear(4, 2)))
    first, second = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert sum(map(len, first)) == 60
    assert torch.equal(torch.cat(first), torch.cat(second)) is not shuffle
    assert not torch.equal(torch.cat(first), blobs(1).features)
