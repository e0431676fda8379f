"""What is composed quickly is what Hydra composes, errors included."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from qlab.config.compose import compose
from qlab.config.composer import Composer
from qlab.config.keys import training_key
from qlab.config.validate import run_config
from qlab.errors import RequestError

RECIPE = "defaults:\n  - override /head: vqc\nhead:\n  n_qubits: 5\nseed: 4\nsweep: {seed: [1, 2]}\n"
VARIED = [
    [],
    ["seed=3"],
    ["dataset=digits", "head.n_qubits=4", "seed=0"],
    ["dataset=digits", "head.n_qubits=6", "seed=0"],
    ["head.n_qubits=6", "dataset=digits"],
    ["head=linear", "encoder.n_features=3"],
    ["head=linear", "encoder=identity"],
    ["experiment=mine"],
    ["experiment=mine", "head=linear"],
    ["experiment=mine", "head.n_qubits=7", "trainer=sgd", "trainer.lr=1e-3"],
    ["noise=depolarizing", "noise.p=0.01", "noise.gates=[CNOT,RX]", "noise.p2=null"],
    ["noise=composed", "noise.parts=[{name:depolarizing,p:0.1},{name:readout}]"],
    ["noise=composed", "noise.parts=[]"],
    ["head=mlp", "+head.match_options.n_layers=2"],
    ["head=mlp", "++head.match_options={n_layers:3}"],
    ["head=mlp", "++head.match_options.n_layers=2", "head.match=vqc"],
    ["~encoder"],
    ["~seed"],
    ["name='a, b = c'", "data_dir=null"],
    ["head.n_qubits=${seed}", "seed=4"],
    ["encoder.n_features=${head.n_qubits}"],
    ["trainer.class_weights=true", "trainer.clip_norm=1"],
    ["backend=pennylane", "backend.device=default.mixed"],
    ["backend.shots=100", "seed=9"],
]


@pytest.fixture
def _recipe(workplace: Path) -> None:
    (workplace / "experiments").mkdir()
    (workplace / "experiments" / "mine.yaml").write_text(RECIPE)


@pytest.mark.usefixtures("_recipe")
def test_every_config_equals_hydras() -> None:
    composer = Composer("train")
    for words in [*VARIED, *reversed(VARIED)]:  # the second time from what is kept
        quick, whole = composer.compose(words), compose("train", words)
        assert OmegaConf.to_container(quick, resolve=False) == OmegaConf.to_container(whole, resolve=False), words
        assert quick._get_flag("struct") == whole._get_flag("struct"), words
        plain = [OmegaConf.to_container(config, resolve=True) for config in (quick, whole)]
        assert plain[0] == plain[1], words


@pytest.mark.usefixtures("_recipe")
@pytest.mark.parametrize(
    "words",
    [
        ["head.qbits=3"],
        ["head=vqx"],
        ["dataset=digits", "head.n_qubits=4,8"],
        ["hydra.job.name=x"],
        ["experiment=nowhere"],
        ["head.n_qubits={"],
        ["head.n_qubits.x=1"],
        ["+seed=1"],
    ],
)
def test_every_error_is_hydras(words: list[str]) -> None:
    with pytest.raises(RequestError) as whole:
        compose("train", words)
    with pytest.raises(RequestError) as quick:
        Composer("train").compose(words)
    assert (type(quick.value), str(quick.value)) == (type(whole.value), str(whole.value))


@pytest.mark.usefixtures("_recipe")
def test_no_config_shares_anything_with_the_next() -> None:
    composer = Composer("train")
    first = composer.compose(["seed=1"])
    first.head.n_qubits = 3
    assert composer.compose(["seed=2"]).head.n_qubits == 8


@pytest.mark.usefixtures("_recipe")
def test_the_sweep_of_a_recipe_enters_no_key() -> None:
    without = RECIPE.partition("sweep:")[0]
    Path("experiments/without.yaml").write_text(without)
    keys = {training_key(run_config(compose("train", [f"experiment={name}"]))) for name in ("mine", "without")}
    assert len(keys) == 1


def test_it_is_much_faster(workplace: Path) -> None:
    composer = Composer("train")
    composer.compose(["seed=0"])
    started = time.process_time()
    for seed in range(20):
        composer.compose([f"seed={seed}", "head.n_qubits=5"])
    quick = time.process_time() - started
    started = time.process_time()
    for seed in range(3):
        compose("train", [f"seed={seed}", "head.n_qubits=5"])
    assert quick / 20 < (time.process_time() - started) / 3 / 3
