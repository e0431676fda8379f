"""Denormal numbers: they are counted, and flushed in every thread that training computes in and in no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from qlab.errors import CapabilityError, DivergedError
from qlab.progress import Silent
from qlab.training.denormals import calling, denormal_share
from qlab.training.trainer import Examples, Outcome, Trainer
from tests.training.test_trainer import blobs
from tests.training.test_trainer import model as small

TINY = torch.finfo(torch.float32).tiny
DENORMAL = 1e-40


def denormal(values: torch.Tensor) -> int:
    return int(((values != 0) & (values.abs() < TINY)).sum())


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(500_000).exp()  # both are there before training begins
    yield
    torch.set_num_threads(before)


class Network(nn.Module):
    """A convolution whose weights are denormal: large enough for two threads to share it and its update."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(64, 128, 3, padding=1, bias=False)
        self.outputs: list[torch.Tensor] = []
        with torch.no_grad():
            self.convolution.weight.fill_(DENORMAL)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found = self.convolution(features.reshape(-1, 64, 8, 8))
        self.outputs.append(found.detach().clone())
        return found.mean((2, 3))[:, :2]  # type: ignore[no-any-return]


def fit(network: nn.Module, folder: Path, *, flush: bool) -> Outcome:
    generator = torch.Generator().manual_seed(0)
    examples = Examples(torch.rand(4, 64 * 64, generator=generator) * 0.01, torch.arange(4) % 2)
    trainer = Trainer(optimizer="sgd", lr=1e-45, epochs=1, batch_size=4, flush_denormals=flush)
    return trainer.fit(network, examples, examples, seed=0, checkpoint=folder / "c", identity="", progress=Silent())


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("flush", [True, False])
def test_convolutions_on_two_threads_leave_no_denormal_number(flush: bool, tmp_path: Path) -> None:
    network = Network()
    fit(network, tmp_path, flush=flush)
    left = denormal(network.convolution.weight), denormal(network.outputs[0])
    assert left == (0, 0) if flush else min(left) > 10_000
    assert torch.get_num_threads() == 2


class Faint(nn.Linear):
    """A linear layer that notes how many denormal numbers it makes of its features, by training or not."""

    def __init__(self) -> None:
        super().__init__(4, 2)
        self.denormal: dict[bool, int] = {}

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        self.denormal[self.training] = denormal(features * 1e-20)
        return super().forward(features)


@pytest.mark.parametrize("flush", [True, False])
def test_validation_flushes_as_training_does(flush: bool, tmp_path: Path) -> None:
    faint = Examples(torch.full((8, 4), 1e-20), torch.arange(8) % 2)
    trainer, network = Trainer(epochs=1, batch_size=8, flush_denormals=flush), Faint()
    trainer.fit(network, faint, faint, seed=0, checkpoint=tmp_path / "c", identity="", progress=Silent())
    assert network.denormal == dict.fromkeys((True, False), 0 if flush else 32)


@pytest.mark.usefixtures("two_threads")
def test_other_work_keeps_its_denormal_numbers(tmp_path: Path) -> None:
    numbers = torch.full((500_000,), DENORMAL)
    threads = threading.active_count()
    with calling(flushed=True) as call:
        assert denormal(call(torch.mul, numbers, 0.5)) == 0
        assert denormal(numbers * 0.5) == len(numbers)
    assert denormal(numbers * 0.5) == len(numbers)
    assert threading.active_count() == threads


def test_flushing_changes_nothing_where_numbers_are_normal(tmp_path: Path) -> None:
    outcomes = []
    for flush in (True, False):
        trainer = Trainer(epochs=3, batch_size=8, flush_denormals=flush)
        file = tmp_path / str(flush)
        outcomes.append(
            trainer.fit(small(), blobs(1), blobs(2), seed=0, checkpoint=file, identity="", progress=Silent())
        )
    assert outcomes[0].history == outcomes[1].history
    weights = [outcome.weights for outcome in outcomes]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_what_goes_wrong_in_its_thread_is_raised_here(tmp_path: Path) -> None:
    broken = blobs(1)
    broken.features[3, 2] = float("nan")
    trainer = Trainer(epochs=1, flush_denormals=True)
    with pytest.raises(DivergedError, match="epoch 1, batch"):
        trainer.fit(small(), broken, blobs(2), seed=0, checkpoint=tmp_path / "c", identity="", progress=Silent())


def test_a_processor_that_cannot_flush_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_flush_denormal", lambda wanted: False)
    with pytest.raises(CapabilityError, match=r"cannot flush denormal numbers; set trainer\.flush_denormals=false"):
        fit(Network(), tmp_path, flush=True)


def test_the_share_counts_trainable_weights_that_are_not_zero() -> None:
    planted = [1.0, -2.0, 0.0, DENORMAL, -DENORMAL, TINY, -TINY, 0.0]
    layer = nn.Linear(8, 1, bias=False)
    frozen = nn.Parameter(torch.full((5,), DENORMAL), requires_grad=False)
    double = nn.Parameter(torch.tensor([1e-40, 1e-310], dtype=torch.float64))  # the first is a normal number there
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([planted]))
    assert denormal_share(layer) == 2 / 6
    layer.register_parameter("kept", frozen)
    assert denormal_share(layer) == 2 / 6
    layer.register_parameter("precise", double)
    assert denormal_share(layer) == 3 / 8
    assert denormal_share(nn.Linear(2, 1).requires_grad_(False)) is None


class Fading(nn.Linear):
    """A linear layer beside a weight that nothing but its decay acts on."""

    def __init__(self) -> None:
        super().__init__(4, 2, bias=False)
        self.fading = nn.Parameter(torch.tensor([1e-36]))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return super().forward(features) + 0.0 * self.fading


def test_the_share_is_that_at_the_end_not_of_the_epoch_kept(tmp_path: Path) -> None:
    """Labels of the validation examples are wrong, so the first epoch is kept; each takes nine tenths of the weight."""
    train = Examples(torch.tensor([[1.0], [-1.0]]) * torch.eye(4)[0], torch.tensor([0, 1]))
    val = Examples(train.features, 1 - train.labels)
    trainer = Trainer(optimizer="sgd", lr=0.01, weight_decay=90.0, epochs=4, batch_size=2)
    network = Fading()
    with torch.no_grad():
        network.weight.zero_()
    outcome = trainer.fit(
        network, train, val, seed=0, checkpoint=tmp_path / "c.safetensors", identity="", progress=Silent()
    )
    assert outcome.kept_epoch == 1
    assert denormal(outcome.weights["fading"]) == 0
    assert denormal(network.fading) == 1
    assert outcome.denormal_share == 1 / 3  # of what is not zero: the fading weight and one for each class
