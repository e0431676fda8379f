"""The image classifiers of arXiv:2509.13353 by their configs: sizes, first weights, one training step of each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import qlab as package
from qlab.config.compose import compose
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.engine import expectations
from qlab.errors import OptionError
from qlab.heads.head import Head
from qlab.jobs.hardware.question import question_of
from qlab.jobs.model import build_model, check_batches, count_parameters, training_backend
from qlab.jobs.run import Run
from qlab.progress import Silent
from tests.conftest import Qlab

SHAPES = {"mnist": (1, 28, 28), "cifar100": (3, 32, 32), "stl10": (3, 96, 96)}
CLASSES = {"mnist": 10, "cifar100": 100, "stl10": 10}
GRID = ("encoder.hidden=null", "encoder.n_features=null", "head=dense")
DEEP = ("encoder.widths=[64,128,256,512]", "encoder.pools=3", "encoder.grid=1", *GRID, "head.hidden=256")
NETWORKS = {
    ("mnist", "hybrid"): ("encoder.augment=affine", "head=amplitude_vqc"),
    ("mnist", "classical"): ("encoder.augment=affine", "encoder.widths=[32,64]", *GRID),
    ("cifar100", "hybrid"): ("encoder.widths=[32,64,128]", "encoder.hidden=512", "head=amplitude_vqc"),
    ("cifar100", "classical"): DEEP,
    ("stl10", "hybrid"): (
        "encoder.widths=[32,64,128,256]",
        "encoder.pools=3",
        "encoder.hidden=1024",
        "encoder.crop_padding=8",
        "head=amplitude_vqc",
        "head.dropout=0.4",
    ),
    ("stl10", "classical"): ("encoder.crop_padding=8", *DEEP, "head.dropout=0.4"),
}
PUBLISHED = {
    ("mnist", "hybrid"): 142_530,
    ("mnist", "classical"): 151_754,
    ("cifar100", "hybrid"): 1_164_796,
    ("cifar100", "classical"): 1_710_436,
    ("stl10", "hybrid"): 4_603_298,
    ("stl10", "classical"): 1_687_306,
}


def config(dataset: str, kind: str, *words: str) -> RunConfig:
    composed = compose("train", ["dataset=digits", "encoder=cnn", *NETWORKS[dataset, kind], *words])
    return run_config(composed)


def network(dataset: str, kind: str, *words: str) -> Head:
    chosen = config(dataset, kind, *words)
    return build_model(chosen, training_backend(chosen), SHAPES[dataset], CLASSES[dataset])


@pytest.mark.parametrize(("dataset", "kind"), list(PUBLISHED))
def test_parameters_are_as_many_as_published(dataset: str, kind: str) -> None:
    found = count_parameters(network(dataset, kind), 0)
    assert found.trainable == PUBLISHED[dataset, kind]
    assert found.frozen == 0
    assert found.quantum == (8 if kind == "hybrid" else 0)


@pytest.mark.parametrize(("dataset", "kind"), list(PUBLISHED))
def test_one_training_step_changes_every_weight(dataset: str, kind: str) -> None:
    augment = "affine" if dataset == "mnist" else "flip_crop"
    model = network(dataset, kind, f"encoder.augment={augment}").train()
    generator = torch.Generator().manual_seed(0)
    count, size = 4, torch.Size(SHAPES[dataset]).numel()
    pixels = torch.rand(count, size, generator=generator)
    labels = torch.randint(CLASSES[dataset], (count,), generator=generator)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    torch.manual_seed(0)
    nn.functional.cross_entropy(model(pixels), labels).backward()
    optimizer.step()
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    unchanged = [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]
    assert unchanged == []
    assert model.eval()(pixels).shape == (count, CLASSES[dataset])


def test_the_block_begins_alike_in_front_of_every_head() -> None:
    def weights(*words: str) -> dict[str, torch.Tensor]:
        chosen = network("mnist", "hybrid", *words).state_dict()
        return {name: value for name, value in chosen.items() if name.startswith("front.")}

    first = weights()
    for words in (("head.layer=linear",), ("head.hidden=30",), ("head=linear",)):
        other = weights(*words)
        assert other.keys() == first.keys()
        assert all(torch.equal(value, first[name]) for name, value in other.items())
    assert not torch.equal(weights("seed=1")["front.1.layers.0.weight"], first["front.1.layers.0.weight"])


SMALL = (
    *("dataset=digits", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=30"),
    *("encoder=cnn", "encoder.widths=[4,8]", "encoder.grid=2", "encoder.hidden=20", "head=amplitude_vqc"),
    *("head.hidden=20", "trainer.epochs=2", "trainer.batch_size=20"),
)


LEFT_OVER = ("dataset=digits", "dataset.n_train=61", "trainer.batch_size=20", "trainer.epochs=1")


@pytest.mark.parametrize(
    "model", [("encoder=cnn", "head=linear"), ("encoder=pca", "encoder.n_features=16", "head=amplitude_vqc")]
)
@pytest.mark.parametrize("command", ["train", "plan"])
def test_a_batch_of_one_is_refused_before_a_run_is_there(
    command: str, model: tuple[str, ...], qlab: Qlab, workplace: Path
) -> None:
    refused = qlab(command, *LEFT_OVER, *model)
    assert refused.code == 2
    assert (
        "trainer.batch_size=20 leaves one of the 61 training examples to itself, and batch normalisation cannot train "
        "on one: set trainer.batch_size=21"
    ) in refused.err
    assert not list(workplace.rglob("config.yaml"))


@pytest.mark.parametrize(
    ("size", "n_train", "fitting"), [(1, 60, 2), (1, 61, 7), (60, 61, 61), (6, 421, 8), (1, 2, 2), (7, 1, None)]
)
def test_the_batch_size_that_is_named_fits(size: int, n_train: int, fitting: int | None) -> None:
    model = network("mnist", "classical")
    with pytest.raises(OptionError, match=f"batch_size={fitting}$" if fitting else "give it more by dataset.n_train"):
        check_batches(model, size, n_train)
    if fitting:
        check_batches(model, fitting, n_train)


def test_a_model_without_batch_normalisation_is_trained_on_one(tmp_path: Path) -> None:
    words = (*LEFT_OVER, "encoder=pca", "encoder.n_features=4", "head=linear", f"output_dir={tmp_path}")
    assert package.train(*words).record.training["epochs"] == 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("outputs")
    words = (*SMALL, "encoder.augment=affine", f"output_dir={place}")
    return package.train(*words)


def test_a_run_says_what_was_trained(trained: Run) -> None:
    parameters = trained.record.parameters
    head = 8 + 5 * 20 + 2 * 20 + 21 * 10
    block = (9 + 1) * 4 + 2 * 4 + (9 * 4 + 1) * 8 + 2 * 8 + 33 * 20 + 21 * 16
    assert parameters == {"trainable": block + head, "frozen": 0, "quantum": 8, "classical": block + head - 8}
    assert trained.record.circuit is not None
    assert trained.record.circuit["inputs"] == 16
    assert trained.record.encoder["input_shape"] == [1, 8, 8]


@pytest.mark.parametrize(
    "word", ["backend=pennylane", "backend=aer backend.shots=4000", "noise=depolarizing noise.p=1e-4"]
)
def test_a_run_is_evaluated_by_others_under_noise_and_from_shots(word: str, trained: Run) -> None:
    again = package.evaluate(trained, *word.split(), f"output_dir={trained.folder.root}")
    loss = trained.record.metrics["cross_entropy"]
    exact = word == "backend=pennylane"
    assert again.metrics["cross_entropy"] == pytest.approx(loss, abs=1e-5 if exact else 0.05)
    assert again.metrics["cross_entropy"] != loss


def test_a_device_gets_gates_that_prepare_the_amplitudes(trained: Run) -> None:
    question = question_of(trained, 5, Silent())
    assert not question.circuit.embeds_amplitudes
    assert question.circuit.two_qubit_gates == 2**4 - 2 + 8
    asked = (question.circuit, question.inputs, question.weights, question.words)
    values = expectations(*asked, torch.complex128).numpy()
    expected = torch.from_numpy(trained.predictions["test_logits"][:5])
    torch.testing.assert_close(torch.from_numpy(question.logits(values)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "words", [("trainer.gradient=parameter_shift",), ("backend=aer",), ("backend.shots=9", "trainer.noise_aware=true")]
)
def test_what_has_no_gradients_by_amplitudes_says_what_has(words: tuple[str, ...], qlab: Qlab) -> None:
    answer = qlab("train", *SMALL, *words)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert "train with trainer.gradient=backend on backend=engine or pennylane, without shots" in answer.err
