"""Where Hydra finds configs besides qlab's own folder: recipes, the user's folders, and plugins.

What a recipe or an own config may say is limited to values: it cannot configure Hydra itself, nor name code to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from qlab.config import folders, registry
from qlab.errors import OptionError

EXPERIMENT = "experiment"
SWEEP = ("sweep", "paired")  # what a recipe says to sweeps only
COMPARE = "compare"  # and to comparisons only
GROUPS = ("dataset", "encoder", "head", "noise", "backend", "trainer", "launcher")
_replaced: ContextVar[frozenset[str]] = ContextVar("groups chosen on the command line", default=frozenset())


@contextmanager
def replacing(groups: frozenset[str]) -> Iterator[None]:
    """While it lasts, recipes leave out their values of ``groups``.

    Those values belong to the choice that the recipe made; on another choice they would be meaningless.
    """
    token = _replaced.set(groups)
    try:
        yield
    finally:
        _replaced.reset(token)


class _Names(ConfigSource):
    """A source whose configs are ``GROUP/NAME``, one level deep."""

    def groups(self) -> list[str]:
        raise NotImplementedError

    def names(self, group: str) -> list[str]:
        raise NotImplementedError

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path in ("", *self.groups())

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        return group in self.groups() and name in self.names(group)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        if config_path == "":
            return [] if results_filter == ObjectType.CONFIG else self.groups()
        if results_filter == ObjectType.GROUP or not self.is_group(config_path):
            return []
        return self.names(config_path)


class ExperimentSource(_Names):
    """Makes every ``NAME.yaml`` of a folder available as ``experiment/NAME``, merged at the root of the config."""

    @staticmethod
    def scheme() -> str:
        """Return what its addresses begin with."""
        return "experiments"

    def groups(self) -> list[str]:
        """Return the group of recipes."""
        return [EXPERIMENT]

    def names(self, group: str) -> list[str]:
        """Return the recipes of the folder; those in folders below it are not listed."""
        return sorted(file.stem for file in Path(self.path).glob("*.yaml"))

    def is_config(self, config_path: str) -> bool:
        """Return whether there is such a recipe, be it in a folder below: ``experiment/regression/NAME``."""
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        return group == EXPERIMENT and ".." not in name and (Path(self.path) / f"{name}.yaml").is_file()

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a recipe."""
        values = _read(Path(self.path) / f"{config_path.removesuffix('.yaml').partition('/')[2]}.yaml")
        kept = {key: value for key, value in values.items() if key not in {*SWEEP, COMPARE, *_replaced.get()}}
        return _result(self, kept, "_global_")


class OwnConfSource(_Names):
    """Makes ``GROUP/NAME.yaml`` of a user's folder available; other files of the folder are none of qlab's business."""

    @staticmethod
    def scheme() -> str:
        """Return what its addresses begin with."""
        return "own-conf"

    def groups(self) -> list[str]:
        """Return the groups that the folder adds to."""
        return [group for group in GROUPS if (Path(self.path) / group).is_dir()]

    def names(self, group: str) -> list[str]:
        """Return the folder's options of a group."""
        return sorted(file.stem for file in (Path(self.path) / group).glob("*.yaml"))

    def load_config(self, config_path: str) -> ConfigResult:
        """Return an own config."""
        return _result(self, _read(Path(self.path) / f"{config_path.removesuffix('.yaml')}.yaml"), None)


class PluginSource(_Names):
    """Makes every component that an installed package adds available under its name, with its defaults."""

    @staticmethod
    def scheme() -> str:
        """Return what its addresses begin with."""
        return "plugins"

    def groups(self) -> list[str]:
        """Return the groups that plugins add to."""
        return [group for group in registry.ENTRY_POINT_GROUPS if registry.plugins(group)]

    def names(self, group: str) -> list[str]:
        """Return the plugins' components."""
        return sorted(registry.plugins(group))

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a plugin's defaults."""
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        defaults = OmegaConf.to_container(OmegaConf.structured(registry.options_class(group, name)))
        assert isinstance(defaults, dict)
        return _result(self, {"name": name, **{str(key): value for key, value in defaults.items()}}, None)


class QlabSearchPath(SearchPathPlugin):
    """The user's own folders first, then what qlab ships, then plugins."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the places."""
        own_conf, own_experiments = folders.own_conf(), folders.own_experiments()
        if own_conf is not None:
            search_path.prepend("qlab-own", f"own-conf://{own_conf}")
        if own_experiments is not None:
            search_path.append("qlab-own-experiments", f"experiments://{own_experiments}")
        search_path.append("qlab-experiments", f"experiments://{folders.shipped_experiments()}")
        search_path.append("qlab-plugins", "plugins://")


def sweep_of_recipe(name: str) -> tuple[dict[str, Any], list[list[str]]]:
    """Return the keys that a recipe sweeps with their values, and which of them go together; empty without a recipe.

    Raises:
        OptionError: the sections are not of that form.
    """
    file, values = _recipe_named(name)
    swept, paired = (values.get(section) for section in SWEEP)
    if not isinstance(swept or {}, dict):
        raise OptionError(f"{file}: sweep is a mapping of keys to their values, e.g. sweep: {{seed: range(5)}}")
    if not isinstance(paired or [], list) or not all(isinstance(pair, list) for pair in paired or []):
        raise OptionError(f"{file}: paired is a list of lists of keys, e.g. paired: [[head.n_qubits, head.n_layers]]")
    return swept or {}, [[str(name) for name in pair] for pair in paired or []]


def comparison_of_recipe(name: str) -> dict[str, Any]:
    """Return what a recipe says of its comparison with twins; empty without a recipe.

    Raises:
        OptionError: the section is not a mapping.
    """
    file, values = _recipe_named(name)
    section = values.get(COMPARE) or {}
    if not isinstance(section, dict):
        raise OptionError(f"{file}: compare is a mapping of options to their values, e.g. compare: {{metric: roc_auc}}")
    return {str(key): value for key, value in section.items()}


def _recipe_named(name: str) -> tuple[Path | None, dict[str, Any]]:
    """Return the file of a recipe and its values; None and nothing where there is none of that name."""
    places = [folder for folder in (folders.own_experiments(), folders.shipped_experiments()) if folder is not None]
    file = next((folder / f"{name}.yaml" for folder in places if (folder / f"{name}.yaml").is_file()), None)
    return file, read_recipe(file) if file is not None else {}


def read_recipe(file: Path) -> dict[str, Any]:
    """Return the values of a recipe.

    Raises:
        OptionError: it cannot be read, or says what a recipe may not say.
    """
    try:
        return _read(file)
    except ConfigLoadError as error:
        raise OptionError(" ".join(str(error).split())) from error


def register() -> None:
    """Make the sources and the search path known to Hydra; repeating it changes nothing."""
    known = Plugins.instance()
    for plugin in (ExperimentSource, OwnConfSource, PluginSource, QlabSearchPath):
        if plugin not in known.discover():
            known.register(plugin)


def _read(file: Path) -> dict[str, Any]:
    """Return the values of a YAML file."""
    try:
        values = OmegaConf.to_container(OmegaConf.create(yaml.safe_load(file.read_text(encoding="utf-8")) or {}))
    except FileNotFoundError as error:
        raise ConfigLoadError(f"there is no file {file}") from error
    except Exception as error:
        raise ConfigLoadError(f"{file} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise ConfigLoadError(f"{file} is not a mapping of keys to values")
    forbidden = {"hydra", "_target_"} & set(_keys(values))
    if forbidden:
        raise ConfigLoadError(f"{file} sets {' and '.join(sorted(forbidden))}: a config names components, never code")
    return {str(key): value for key, value in values.items()}


def _keys(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from _keys(value)


def _result(source: ConfigSource, values: dict[str, Any], package: str | None) -> ConfigResult:
    config = OmegaConf.create(values)
    return ConfigResult(provider=source.provider, path=source.full_path(), config=config, header={"package": package})
