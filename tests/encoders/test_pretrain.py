from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from qlab.encoders.pretrain import Pretrained, load_pretrained, pretrain_resnet
from qlab.encoders.resnet import ResNet
from qlab.encoders.supervised import Schedule
from qlab.errors import DataError, DivergedError
from tests.encoders.examples import Listener, context, stripes

SCHEDULE = Schedule(epochs=2, lr=2e-3, batch_size=16, seed=0)


def pretrain(
    folder: Path, *, size: int = 36, schedule: Schedule = SCHEDULE, listener: Listener | None = None
) -> Pretrained:
    source = stripes(size, seed=1000)
    listener = listener or Listener()
    return pretrain_resnet(source.images, source.labels, depth=18, schedule=schedule, folder=folder, progress=listener)


def test_second_time_finds_the_weights(tmp_path: Path) -> None:
    first, second = pretrain(tmp_path), pretrain(tmp_path)
    assert (first.cached, second.cached) == (False, True)
    assert (first.path, first.key, first.source_accuracy) == (second.path, second.key, second.source_accuracy)
    assert first.path == tmp_path / f"{first.key}.safetensors"
    assert 0 <= first.source_accuracy <= 1
    assert (first.epochs, first.source_size) == (2, 36)


def test_same_inputs_give_the_same_weights_elsewhere(tmp_path: Path) -> None:
    first, second = pretrain(tmp_path / "a"), pretrain(tmp_path / "b")
    assert not second.cached
    assert first.path.read_bytes() == second.path.read_bytes()


def test_training_changes_weights_and_statistics(tmp_path: Path) -> None:
    backbone = load_pretrained(pretrain(tmp_path).path)
    source = stripes(36, seed=1000)
    fresh = ResNet(n_features=2, weights="random", seed=0)
    fresh.fit(source.images, source.labels, context(tmp_path))
    trained, untrained = backbone.arrays(), fresh.state()
    for name in ("embedder.embedder.convolution.weight", "embedder.embedder.normalization.running_mean"):
        assert not np.allclose(trained[f"network.{name}"], untrained[f"backbone.network.{name}"], atol=1e-4)


def test_key_depends_on_source_and_schedule(tmp_path: Path) -> None:
    keys = {
        pretrain(tmp_path).key,
        pretrain(tmp_path, size=37).key,
        pretrain(tmp_path, schedule=Schedule(1, 2e-3, 16, 0)).key,
        pretrain(tmp_path, schedule=Schedule(2, 1e-3, 16, 0)).key,
        pretrain(tmp_path, schedule=Schedule(2, 2e-3, 16, 1)).key,
    }
    assert len(keys) == 5


def test_file_tells_how_it_was_made(tmp_path: Path) -> None:
    made = pretrain(tmp_path)
    with safe_open(made.path, framework="numpy") as file:
        facts = json.loads(file.metadata()["qlab"])["facts"]
    assert facts["source_accuracy"] == made.source_accuracy
    assert facts["schedule"] == {"epochs": 2, "lr": 2e-3, "batch_size": 16, "seed": 0}
    assert len(facts["source"]) == 64


@pytest.mark.parametrize("position", [5, -1000])
def test_damaged_weights_are_trained_again(position: int, tmp_path: Path) -> None:
    made = pretrain(tmp_path)
    content = bytearray(made.path.read_bytes())
    intact = bytes(content)
    content[position] ^= 0xFF
    made.path.write_bytes(content)
    listener = Listener()
    again = pretrain(tmp_path, listener=listener)
    assert not again.cached
    assert again.path.read_bytes() == intact
    assert ["damaged" in message for message in listener.messages] == [True]


def test_two_at_the_same_time_train_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(pretrain, [tmp_path, tmp_path]))
    assert sorted(result.cached for result in results) == [False, True]


def test_encoder_and_command_share_the_weights(tmp_path: Path) -> None:
    train = stripes(20, seed=0)
    made = ResNet(n_features=2, source_size=36, pretrain_epochs=1).pretrain(
        train.images, train.labels, context(tmp_path)
    )
    encoder = ResNet(n_features=4, source_size=36, pretrain_epochs=1)
    encoder.fit(train.images, train.labels, context(tmp_path))
    assert encoder.provenance["weights_key"] == made.key
    assert encoder.provenance["source_accuracy"] == made.source_accuracy
    assert [path.name for path in (tmp_path / "weights").glob("*.safetensors")] == [f"{made.key}.safetensors"]


def test_a_loss_that_is_not_finite_stops(tmp_path: Path) -> None:
    source = stripes(36, seed=0)
    source.images[3] = np.nan
    with pytest.raises(DivergedError, match="learning rate"):
        pretrain_resnet(source.images, source.labels, depth=18, schedule=SCHEDULE, folder=tmp_path, progress=Listener())
    assert not list(tmp_path.glob("*.safetensors"))


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few"):
        pretrain(tmp_path, size=2)
