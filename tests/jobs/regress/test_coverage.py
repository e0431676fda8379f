"""Every component that qlab ships occurs in a recipe, and every recipe is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlab.circuits.ansatz import ANSATZE
from qlab.circuits.encodings import ENCODINGS
from qlab.config import registry
from qlab.config.catalogue import entries
from qlab.config.folders import shipped_experiments
from qlab.config.options.trainer import OPTIMIZERS, SCHEDULES
from qlab.config.schema import Component, RunConfig
from qlab.config.validate import component
from qlab.jobs.regress import expectations
from qlab.jobs.regress.quantity import Exact, Measured
from qlab.jobs.regress.recipes import FOLDER, Recipes

RECIPES = Recipes(shipped_experiments() / FOLDER)
EXEMPT = {"launcher": "it decides where the points of a sweep run, and nothing of what comes out"}
"""Groups of which no recipe has anything, with the reason."""


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunConfig]:
    scratch = tmp_path_factory.mktemp("outputs")
    return {name: RECIPES.config(name, scratch) for name in RECIPES.names}


def components(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Yield group and name of every component of a config, parts of composed noise included."""
    for group in ("dataset", "encoder", "head", "noise", "backend"):
        chosen: Component = getattr(config, group)
        yield group, chosen.name
        for part in getattr(chosen.options, "parts", []):
            yield group, component(group, part).name


def test_every_built_in_component_occurs(configs: dict[str, RunConfig]) -> None:
    built_in = {(group, name) for group in registry.BUILT_IN for name in registry.BUILT_IN[group]}
    occurring = {found for config in configs.values() for found in components(config)}
    assert {(group, name) for group, name in built_in - occurring if group not in EXEMPT} == set()
    assert not set(EXEMPT) & {group for group, _ in occurring}


@pytest.mark.parametrize(
    ("path", "choices"),
    [
        ("head.ansatz", set(ANSATZE)),
        ("head.encoding", set(ENCODINGS)),
        ("head.squash", {"sigmoid", "tanh", "none"}),
        ("head.readout", {"auto", "expectations", "linear"}),
        ("head.reuploading", {True, False}),
        ("encoder.weights", {"pretrained", "random"}),
        ("encoder.projection", {"pca", "trainable"}),
        ("encoder.augment", {"none", "flip_crop"}),
        ("backend.precision", {"single", "double"}),
        ("backend.device", {"default.qubit", "lightning.qubit"}),
        ("trainer.gradient", {"backend", "parameter_shift", "spsa"}),
        ("trainer.optimizer", set(OPTIMIZERS)),
        ("trainer.schedule", set(SCHEDULES)),
        ("trainer.noise_aware", {True, False}),
        ("trainer.keep", {"best", "last"}),
        ("trainer.shuffle", {True, False}),
    ],
)
def test_every_way_to_do_it_occurs(path: str, choices: set[Any], configs: dict[str, RunConfig]) -> None:
    group, _, option = path.partition(".")
    chosen = [getattr(config, group) for config in configs.values()]
    options = [getattr(each, "options", each) for each in chosen]
    assert choices - {getattr(each, option, None) for each in options} == set()


def test_every_trainer_that_is_shipped_occurs() -> None:
    texts = [RECIPES.recipe(name).read_text() for name in RECIPES.names]
    lacking = [e.name for e in entries("trainer") if not any(f"override /trainer: {e.name}\n" in t for t in texts)]
    assert lacking == []


def test_every_way_to_execute_circuits_occurs_and_is_what_was_executed(configs: dict[str, RunConfig]) -> None:
    executed = set()
    for name in configs:
        found = {
            key: q.value for key, q in expectations.read(RECIPES.expectation(name)).items() if isinstance(q, Exact)
        }
        drawn = found.get("evaluation.shots", found.get("training.shots")) is not None
        simulation = found.get("evaluation.simulation", found.get("training.simulation", "ideal"))
        executed.add((found.get("backend.name"), found.get("backend.method", found.get("backend.device")), "ideal"))
        executed.add((found.get("backend.name"), simulation, "shots" if drawn else "exact or trajectories"))
    assert {
        ("engine", "compiled", "ideal"),
        ("engine", "torch", "ideal"),
        ("pennylane", "default.qubit", "ideal"),
        ("pennylane", "lightning.qubit", "ideal"),
        ("engine", "density", "exact or trajectories"),
        ("engine", "trajectories", "exact or trajectories"),
        ("engine", "state vector", "shots"),
        ("aer", "aer density_matrix", "exact or trajectories"),
        ("aer", "aer statevector", "shots"),
    } <= executed


@pytest.mark.parametrize("name", RECIPES.names)
def test_every_recipe_says_what_it_is_and_has_an_expectation_with_a_probe(
    name: str, configs: dict[str, RunConfig]
) -> None:
    assert len(RECIPES.summary(name)) > 20
    expected = expectations.read(RECIPES.expectation(name))
    assert isinstance(expected["parameters.trainable"], Exact)
    assert isinstance(expected["data.mean_pixel_size"], Measured)
    assert any(key.startswith("probe.") for key in expected) == _has_circuit(configs[name])


def test_nothing_is_expected_of_a_recipe_that_is_gone() -> None:
    assert RECIPES.orphans == []


def test_recipes_need_no_file_outside_their_folder(configs: dict[str, RunConfig]) -> None:
    for config in configs.values():
        path = getattr(config.dataset.options, "path", None)
        assert path is None or RECIPES.folder in Path(path).parents
        assert not config.place.download


def _has_circuit(config: RunConfig) -> bool:
    return getattr(config.head.options, "layer", None) in ("circuit", "frozen")
