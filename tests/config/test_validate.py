"""Every shipped config is what the dataclass of its component says, and what composes is typed and checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import DictConfig

from qlab.config import registry
from qlab.config.catalogue import entries
from qlab.config.compose import compose, plain
from qlab.config.folders import shipped_conf
from qlab.config.options.trainer import Trainer
from qlab.config.validate import run_config
from qlab.errors import OptionError

CONFIGS = {"launcher": "launch"}  # what composes a group; train, where nothing is said
SHIPPED = [file for group in registry.BUILT_IN for file in sorted((shipped_conf() / group).glob("*.yaml"))]


def composed(group: str, choice: str) -> DictConfig:
    return compose(CONFIGS.get(group, "train"), [f"{group}={choice}"])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_shipped_config_lists_every_option_with_its_default(file: Path) -> None:
    shown: dict[str, Any] = plain(composed(file.parent.name, file.stem))[file.parent.name]
    options = registry.options_class(file.parent.name, shown.pop("name"))()
    defaults = dataclasses.asdict(options)
    assert set(shown) == set(defaults)
    own_choice = {"depth", "weights"}
    assert {key: shown[key] for key in shown if key not in own_choice} == {
        key: value for key, value in defaults.items() if key not in own_choice
    }


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_shipped_trainer_lists_every_option(name: str) -> None:
    values = yaml.safe_load((shipped_conf() / "trainer" / f"{name}.yaml").read_text())
    assert list(values) == [field.name for field in dataclasses.fields(Trainer)]
    assert values["optimizer"] == name


def test_adam_is_the_default_trainer() -> None:
    values = yaml.safe_load((shipped_conf() / "trainer" / "adam.yaml").read_text())
    assert values == dataclasses.asdict(Trainer())


def test_every_built_in_component_has_a_config() -> None:
    for group, components in registry.BUILT_IN.items():
        named = {plain(composed(group, entry.name))[group]["name"] for entry in entries(group)}
        assert named == set(components)


def test_every_factory_takes_exactly_its_options() -> None:
    import inspect

    for group, components in registry.BUILT_IN.items():
        for name in components:
            options = registry.options_class(group, name)
            if not options.FACTORY:
                continue
            parameters = inspect.signature(registry.factory(options())).parameters.values()
            taken = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
            offered = {field.name for field in dataclasses.fields(options)}
            resolved_elsewhere = {"n_train", "n_val", "n_test", "split_seed", "match", "match_options"}
            resolved_elsewhere |= {"shots", "seed"} if group == "backend" else set()
            assert taken == offered - resolved_elsewhere, f"{group}/{name}"


def test_the_encoder_takes_its_width_from_the_head() -> None:
    config = run_config(compose("train", ["head.n_qubits=5"]))
    assert config.encoder.options.n_features == 5
    config = run_config(compose("train", ["head=linear"]))
    assert config.encoder.options.n_features == 8


def test_an_own_conf_folder_is_found_and_wins(workplace: Path) -> None:
    (workplace / "conf" / "head").mkdir(parents=True)
    (workplace / "conf" / "head" / "small.yaml").write_text("# Mine\ndefaults: [vqc]\nn_qubits: 3\n")
    (workplace / "experiments").mkdir()
    (workplace / "experiments" / "mine.yaml").write_text("# My recipe\ndefaults:\n  - override /head: small\nseed: 7\n")
    config = run_config(compose("train", ["experiment=mine"]))
    assert (config.head.options.n_qubits, config.seed) == (3, 7)
    assert [(e.origin, e.summary) for e in entries("experiment") if e.name == "mine"] == [("yours", "My recipe")]


def test_data_are_found_by_the_name_of_the_dataset(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workplace / "data" / "mnist").mkdir(parents=True)
    config = run_config(compose("train", ["dataset=mnist", "data_dir=data"]))
    assert config.dataset.options.path == "data/mnist"
    monkeypatch.setenv("QLAB_DATA_DIR", str(workplace / "data"))
    config = run_config(compose("train", ["dataset=mnist"]))
    assert config.dataset.options.path == str(workplace / "data" / "mnist")
    assert run_config(compose("train", ["dataset=fashion_mnist"])).dataset.options.path is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["trainer.min_lr=0.001"],
            r"trainer\.min_lr=0\.001 is where the schedules cosine and warm_restarts end, not con",
        ),
        (["trainer.min_lr=0.001", "trainer.schedule=one_cycle"], "not one_cycle: leave it out"),
        (["trainer.min_lr=0.02", "trainer.schedule=cosine"], r"trainer\.min_lr=0\.02 is above trainer\.lr=0\.01"),
        (["trainer.label_smoothing=1.5"], r"trainer\.label_smoothing=1\.5 is out of range"),
        (["trainer.label_smoothing=1"], r"trainer\.label_smoothing=1\.0 is out of range"),
        (["trainer.schedule=onecycle"], "did you mean 'one_cycle'"),
    ],
)
def test_what_does_not_act_or_is_out_of_range_is_said(words: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run_config(compose("train", words))


@pytest.mark.parametrize("schedule", ["cosine", "warm_restarts"])
def test_the_smallest_rate_is_taken_where_it_acts(schedule: str) -> None:
    config = run_config(compose("train", [f"trainer.schedule={schedule}", "trainer.min_lr=1e-4"]))
    assert config.trainer.min_lr == 1e-4
