"""Blocks that are trained with the head: counted, executed in whole batches, resumed bit for bit, restored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import qlab as package
from qlab.encoders.batch_pca import BatchPCABlock
from qlab.encoders.resnet18_published import ResNet18Published
from qlab.heads.head import Fronted
from qlab.heads.linear import Linear
from qlab.jobs.prepare import load_data
from qlab.jobs.restore import restore_config
from qlab.jobs.training import _try_out
from qlab.progress import Silent
from qlab.training.trainer import Examples, Trainer
from tests.conftest import Qlab

SMALL = (
    "dataset=quantum_dot",
    "dataset.size=76",
    "dataset.n_train=32",
    "dataset.n_val=16",
    "dataset.n_test=28",
    "dataset.resolution=12",
    "head.n_layers=2",
    "trainer.batch_size=8",
    "trainer.epochs=2",
)
PUBLISHED = (*SMALL, "encoder=resnet18_published")
BATCH_PCA = (*SMALL, "encoder=batch_pca")


def answer(qlab: Qlab, *words: str) -> dict[str, Any]:
    found = qlab(*words, "--json")
    assert found.code == 0, found.err
    loaded: dict[str, Any] = json.loads(found.out)
    return loaded


@pytest.mark.parametrize(
    ("words", "trainable", "gradients"),
    [
        ((), 3136 + (512 * 4 + 4) + 24, 2 * 24 + 2 * 4),
        (("encoder.train_convolution=false",), (512 * 4 + 4) + 24, 2 * 24 + 2 * 4),
        (("encoder.train_convolution=false", "encoder.train_projection=false"), 24, 2 * 24),
    ],
    ids=["published", "convolution frozen", "all frozen"],
)
def test_a_plan_counts_what_is_trained_and_the_gradients_by_inputs(
    words: tuple[str, ...], trainable: int, gradients: int, qlab: Qlab
) -> None:
    plan = answer(qlab, "plan", *PUBLISHED, "head.n_qubits=4", "trainer.gradient=parameter_shift", *words)
    assert plan["trainable"] == trainable
    assert plan["executions"]["training, gradients"] == 2 * 32 * gradients


def test_a_run_of_the_published_block(qlab: Qlab) -> None:
    trained = answer(qlab, "train", *PUBLISHED, "head.n_qubits=8", "trainer.epochs=1")
    record = trained["record"]
    assert record["parameters"] == {
        "trainable": 3136 + 4104 + 48,
        "frozen": 11_170_240 - 3136,
        "quantum": 48,
        "classical": 3136 + 4104,
    }
    assert record["encoder"]["input_shape"] == [1, 12, 12]
    assert record["training"]["evaluation_batch"] is None
    again = answer(qlab, "eval", trained["path"], "backend=pennylane")["record"]
    assert again["changed_predictions"] == 0
    assert again["metrics"]["cross_entropy"] == pytest.approx(record["metrics"]["cross_entropy"], abs=1e-5)


def test_a_record_tells_what_training_took(qlab: Qlab, workplace: Path) -> None:
    words = ("encoder=cnn", "encoder.widths=[4,8]", "encoder.grid=2", "encoder.hidden=6", "encoder.n_features=8")
    trained = answer(qlab, "train", *SMALL, *words, "head.n_qubits=3", "head.encoding=amplitude", "threads=2")
    training = trained["record"]["training"]
    # 3 x 3 convolutions of 1 channel to 4 and of 4 to 8, each followed by a pooling of 2; two operations per product
    height, width = trained["record"]["encoder"]["input_shape"][1:]
    assert training["convolution_flops"] == 2 * 9 * (height * width * 4 + (height // 2) * (width // 2) * 4 * 8)
    assert training["epoch_seconds"]["first"] > 0
    assert training["epoch_seconds"]["median"] <= trained["record"]["timing"]["training"]
    assert training["cpu_seconds"] > 0
    assert training["denormal_share"] == 0
    history = (workplace / trained["path"] / "history.csv").read_text()
    assert history.partition("\n")[0] == "epoch,lr,train_loss,val_loss,val_accuracy"
    table = qlab("train", *SMALL, *words, "head.n_qubits=3", "head.encoding=amplitude", "threads=2").out
    assert "seconds of an epoch" in table
    assert "convolutions" in table


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_a_classical_head_takes_the_place_of_the_circuit(head: str, qlab: Qlab) -> None:
    words = [word for word in PUBLISHED if not word.startswith("head.")]
    record = answer(qlab, "train", *words, f"head={head}", "encoder.n_features=4")["record"]
    own = 4 * 2 + 2 if head == "linear" else 4 * 3 * 6  # as many as a circuit of 4 qubits and 6 layers
    assert record["parameters"]["trainable"] == 3136 + 512 * 4 + 4 + own
    assert record["parameters"]["quantum"] == 0


def test_images_are_predicted_in_the_batches_of_training_where_they_depend_on_them(qlab: Qlab, workplace: Path) -> None:
    trained = answer(qlab, "train", *BATCH_PCA, "head.n_qubits=4")
    assert trained["record"]["training"]["evaluation_batch"] == 8
    assert trained["record"]["parameters"]["trainable"] == 24
    run = package.load(workplace / trained["path"])
    data = load_data(restore_config(run.folder, output_dir="outputs"), Silent())
    images = torch.from_numpy(data.dataset.images[run.predictions["test_index"]])
    block, model = BatchPCABlock(4, "scores"), run.head
    assert isinstance(model, Fronted)
    with torch.no_grad():
        by_eight = torch.cat([model.head(block(images[start : start + 8])) for start in (0, 8, 16, 24)])
        at_once = model.head(block(images))
    logits = torch.from_numpy(run.predictions["test_logits"])
    torch.testing.assert_close(logits, by_eight, atol=1e-5, rtol=0)
    assert float((logits - at_once).abs().max()) > 1e-2
    again = answer(qlab, "eval", trained["path"], "backend=pennylane")["record"]
    assert again["changed_predictions"] == 0
    assert again["metrics"]["cross_entropy"] == pytest.approx(trained["record"]["metrics"]["cross_entropy"], abs=1e-5)


def published_model(seed: int) -> Fronted:
    generator = torch.Generator().manual_seed(seed)
    encoder = ResNet18Published(n_features=4, train_convolution=True, train_projection=True, seed=seed)
    block = encoder.block((1, 12, 12), generator)
    return Fronted(nn.Sequential(nn.Unflatten(1, (1, 12, 12)), block), Linear(4, 2, None, generator))  # type: ignore[arg-type]


def known(seed: int) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(12) % 2
    return Examples(torch.rand(12, 144, generator=generator) + labels[:, None], labels)


class Interrupted(Exception):
    """Stands for the end of the process."""


class StopAfterOne(Silent):
    """Ends the work when an epoch has been reported."""

    def say(self, message: str) -> None:
        if message.startswith("epoch 1/"):
            raise Interrupted


def test_going_on_gives_the_same_bits_of_weights_and_of_statistics(tmp_path: Path) -> None:
    trainer = Trainer(lr=0.001, epochs=3, batch_size=4, keep="last", shuffle=False)

    def fit(model: Fronted, name: str, progress: Silent) -> dict[str, torch.Tensor]:
        outcome = trainer.fit(
            model, known(1), known(2), seed=0, checkpoint=tmp_path / name, identity="", progress=progress
        )
        return outcome.weights

    whole = fit(published_model(0), "whole", Silent())
    with pytest.raises(Interrupted):
        fit(published_model(0), "parts", StopAfterOne())
    parts = fit(published_model(9), "parts", Silent())  # all of it comes from the checkpoint, frozen weights included
    assert parts.keys() == whole.keys()
    assert any(name.endswith("running_var") for name in whole)
    assert all(torch.equal(parts[name], whole[name]) for name in whole)


def test_trying_out_one_example_leaves_the_model_as_it_was() -> None:
    model = published_model(0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    _try_out(model, known(1))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_is_solved_at_once_cannot_train_a_block(qlab: Qlab) -> None:
    words = [word for word in PUBLISHED if not word.startswith("head.")]
    found = qlab("train", *words, "head=logistic_regression", "encoder.n_features=4")
    assert found.code == 2
    assert "head=logistic_regression is solved at once" in found.err


def test_a_trained_block_needs_gradients_by_inputs_and_another_does_not(qlab: Qlab) -> None:
    words = ("head.n_qubits=4", "trainer.gradient=spsa", "backend.shots=64", "trainer.noise_aware=true")
    found = qlab("plan", *PUBLISHED, *words)
    assert found.code == 2
    assert "no gradient by inputs" in found.err
    assert qlab("plan", *BATCH_PCA, *words).code == 0
