"""Two places where Hydra finds configs besides folders: recipes as the group ``experiment``, and plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from qlab.config import folders, registry

_GROUP = "experiment"


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
        return [_GROUP]

    def names(self, group: str) -> list[str]:
        """Return the recipes of the folder."""
        return sorted(file.stem for file in Path(self.path).glob("*.yaml"))

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a recipe."""
        file = Path(self.path) / f"{config_path.removesuffix('.yaml').partition('/')[2]}.yaml"
        if not file.is_file():
            raise ConfigLoadError(f"no such experiment: {file.name}")
        return _result(self, OmegaConf.load(file), "_global_")


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
        return _result(self, OmegaConf.create({"name": name, **_as_dict(defaults)}), None)


class QlabSearchPath(SearchPathPlugin):
    """The user's own folders first, then what qlab ships, then plugins."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the places."""
        own_conf, own_experiments = folders.own_conf(), folders.own_experiments()
        if own_conf is not None:
            search_path.prepend("qlab-own", f"file://{own_conf}")
        if own_experiments is not None:
            search_path.append("qlab-own-experiments", f"experiments://{own_experiments}")
        search_path.append("qlab-experiments", f"experiments://{folders.shipped_experiments()}")
        search_path.append("qlab-plugins", "plugins://")


def register() -> None:
    """Make the sources and the search path known to Hydra; repeating it changes nothing."""
    known = Plugins.instance()
    for plugin in (ExperimentSource, PluginSource, QlabSearchPath):
        if plugin not in known.discover():
            known.register(plugin)


def _result(source: ConfigSource, config: Any, package: str | None) -> ConfigResult:
    return ConfigResult(provider=source.provider, path=source.full_path(), config=config, header={"package": package})


def _as_dict(container: Any) -> dict[str, Any]:
    return {str(key): value for key, value in container.items()}
