"""From a composed config to typed options: every name known, every value of its type and in its range."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from qlab.config import registry
from qlab.config.compose import plain
from qlab.config.options.option import check
from qlab.config.options.trainer import Trainer, check_together
from qlab.config.schema import Component, EvalConfig, EvalScalars, Place, RunConfig, RunScalars
from qlab.errors import OptionError, did_you_mean

T = TypeVar("T")
# The head first: the encoder takes its width from it, and the blame belongs where the value was given.
GROUPS = ("dataset", "head", "encoder", "noise", "backend")


def run_config(cfg: DictConfig, *, paths_must_exist: bool = True) -> RunConfig:
    """Return the validated config of a training run.

    Args:
        cfg: the composed config.
        paths_must_exist: whether data files and the output folder matter; a model alone needs neither.

    Raises:
        OptionError: an option is unknown, of a wrong type or out of range, or a path does not exist.
        UnknownNameError: a component is not registered.
    """
    values = plain(cfg)
    _require_groups(values, (*GROUPS, "trainer"))
    scalars = _scalars(RunScalars, values)
    components = {group: component(group, values[group]) for group in GROUPS}
    if paths_must_exist:
        check_output(scalars)
        _find_data(components["dataset"], scalars)
        for group, chosen in components.items():
            _check_paths(chosen, group)
    trainer = typed(Trainer, values["trainer"], "trainer")
    check_together(trainer)
    return RunConfig(**components, trainer=trainer, seed=scalars.seed, place=_place(scalars))


def eval_config(cfg: DictConfig) -> EvalConfig:
    """Return the validated config of an evaluation; raises as ``run_config`` does."""
    values = plain(cfg)
    _require_groups(values, ("noise",))
    scalars = _scalars(EvalScalars, values)
    check_output(scalars)
    chosen = values.get("backend")
    changes = dict(chosen) if isinstance(chosen, Mapping) and "name" not in chosen else {}
    backend = component("backend", chosen) if chosen is not None and not changes else None
    noise = component("noise", values["noise"])
    _check_paths(noise, "noise")
    return EvalConfig(noise=noise, backend=backend, changes=changes, split=scalars.split, place=_place(scalars))


def component(group: str, node: Any, path: str | None = None) -> Component:
    """Return the typed component that ``node`` (a mapping with ``name``) describes; raises as ``run_config`` does.

    ``path`` is where it stands in the config; at its group where nothing is said.
    """
    path = path or group
    if not isinstance(node, Mapping) or not isinstance(node.get("name"), str):
        raise OptionError(f"{path} must be a mapping with the name of a component, e.g. name: {_example(group)}")
    options = {key: value for key, value in node.items() if key != "name"}
    return Component(node["name"], typed(registry.options_class(group, node["name"]), options, path))


def parts(options: Any, field: dataclasses.Field[Any], path: str) -> list[Component]:
    """Return the typed components that a field of the options at ``path`` holds; raises as ``run_config`` does."""
    group = field.metadata.get("parts_of")
    if group is None:
        return []
    nodes = enumerate(getattr(options, field.name))
    return [component(group, node, f"{path}.{field.name}[{place}]") for place, node in nodes]


def typed(kind: type[T], values: Mapping[str, Any], path: str) -> T:
    """Return a dataclass of type ``kind`` with ``values``, converted and checked; raises as ``run_config`` does."""
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    structured = OmegaConf.structured(kind)
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if key not in known:
            near = did_you_mean(where, [f"{path}.{name}" if path else name for name in known])
            raise OptionError(f"unknown option '{where}'{near}")
        try:
            structured[key] = value
        except OmegaConfBaseException as error:
            raise OptionError(f"{where}={value}: {_what_is_wanted(kind, key)} is wanted") from error
    options = OmegaConf.to_object(structured)
    assert isinstance(options, kind)
    check(options, path)
    for field in dataclasses.fields(options):  # type: ignore[arg-type]
        parts(options, field, path)  # which checks them
    return options


def _require_groups(values: Mapping[str, Any], groups: Iterable[str]) -> None:
    for group in groups:
        if not isinstance(values.get(group), Mapping):
            raise OptionError(f"there is no {group}: choose one with {group}=NAME; qlab ls {group} lists them")


def _scalars(kind: type[T], values: Mapping[str, Any]) -> T:
    groups = {*GROUPS, "trainer", "experiment"}
    return typed(kind, {key: value for key, value in values.items() if key not in groups}, "")


def _place(scalars: Place) -> Place:
    return Place(**{field.name: getattr(scalars, field.name) for field in dataclasses.fields(Place)})


def check_output(place: Place) -> None:
    """Raise ``OptionError`` where results cannot be written."""
    folder = Path(place.output_dir).absolute()
    existing = next(part for part in (folder, *folder.parents) if part.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        raise OptionError(f"output_dir={place.output_dir} cannot be written to: set output_dir to a folder that can")


def _find_data(dataset: Component, place: Place) -> None:
    """Fill in ``dataset.path`` where the data folder has a folder of the dataset's name."""
    root = place.data_dir or os.environ.get("QLAB_DATA_DIR")
    if place.data_dir is not None and not Path(place.data_dir).is_dir():
        raise OptionError(f"data_dir={place.data_dir} is not a folder")
    if root and getattr(dataset.options, "path", "none needed") is None:
        folder = Path(root) / dataset.name
        dataset.options.path = str(folder) if folder.is_dir() else None


def _check_paths(chosen: Component, where: str) -> None:
    for field in dataclasses.fields(chosen.options):
        value = getattr(chosen.options, field.name)
        if field.metadata.get("is_path") and value is not None and not (value and Path(value).exists()):
            raise OptionError(f"{where}.{field.name}={value} does not exist")
        if field.metadata.get("is_path") and value is not None and not (Path(value).is_file() or Path(value).is_dir()):
            raise OptionError(f"{where}.{field.name}={value} is neither a file nor a folder")
        for place, part in enumerate(parts(chosen.options, field, where)):
            _check_paths(part, f"{where}.{field.name}[{place}]")


def _what_is_wanted(kind: type[Any], key: str) -> str:
    annotation = next(str(field.type) for field in dataclasses.fields(kind) if field.name == key)
    names = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a name"}
    first = annotation.partition(" | ")[0]
    wanted = names.get(first, f"a value of type {first}")
    return f"{wanted} or null" if annotation.endswith("None") else wanted


def _example(group: str) -> str:
    return registry.names(group)[0]
