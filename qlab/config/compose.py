"""Hydra in one place: from command-line overrides to a validated config."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from qlab.config import sources
from qlab.config.explain import explain
from qlab.config.folders import shipped_conf
from qlab.config.hydra_state import own_hydra
from qlab.errors import OptionError, QlabError

Task = Callable[[DictConfig], None]


def run_main(config_name: str, overrides: Sequence[str], flags: Sequence[str], task: Task) -> None:
    """Hand the command line to ``hydra.main`` and run ``task`` on the composed config.

    Args:
        config_name: ``train`` or ``eval``, a file of ``conf/``.
        overrides: Hydra's ``key=value`` words.
        flags: Hydra's own flags, e.g. ``--cfg job``, which print instead of running the task.
        task: receives the composed, not yet validated config.

    Raises:
        RequestError: the overrides do not fit the config; one line with the nearest right name.
    """
    sources.register()
    overrides = _own_backend(config_name, overrides)
    failures: list[Exception] = []

    def guarded(cfg: DictConfig) -> None:
        # What the task raises is not Hydra's to explain.
        try:
            task(cfg)
        except Exception as error:
            failures.append(error)

    with _hydra_arguments([*flags, *overrides]), _explained(config_name, overrides), _recipe_yields(overrides):
        hydra.main(version_base="1.3", config_path=str(shipped_conf()), config_name=config_name)(guarded)()
    if failures:
        raise failures[0]


def compose(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """Compose a config without running anything: for notebooks and for commands that only look.

    Raises:
        RequestError: as in ``run_main``.
    """
    sources.register()
    overrides = _own_backend(config_name, overrides)
    with own_hydra(), _explained(config_name, overrides), _recipe_yields(overrides):
        return hydra.compose(config_name, list(overrides))


def plain(cfg: DictConfig) -> dict[str, Any]:
    """Return the config as plain values with every interpolation resolved.

    Raises:
        RequestError: an interpolation cannot be resolved.
    """
    with _explained("", ()):
        container = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _own_backend(config_name: str, overrides: Sequence[str]) -> list[str]:
    """Let ``backend.option=value`` stand without a backend in an evaluation, where the run's own one is meant."""
    if config_name != "eval" or any(word.startswith("backend=") for word in overrides):
        return list(overrides)
    return [f"++{word}" if word.startswith("backend.") else word for word in overrides]


@contextmanager
def _hydra_arguments(words: Sequence[str]) -> Iterator[None]:
    # Hydra reads sys.argv, and only this variable makes it raise its errors instead of printing them and exiting.
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [argv[0], *words], "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error


def _recipe_yields(overrides: Sequence[str]) -> AbstractContextManager[None]:
    """Let a recipe leave out its values of every group that is chosen in ``overrides``."""
    own = next((word for word in overrides if word.lstrip("+~").startswith(("hydra.", "hydra/"))), None)
    if own is not None:
        raise OptionError(f"'{own}': Hydra's own settings are qlab's and cannot be changed")
    return sources.replacing(frozenset(word.partition("=")[0] for word in overrides) & frozenset(sources.GROUPS))


@contextmanager
def _explained(config_name: str, overrides: Sequence[str]) -> Iterator[None]:
    # Hydra and what it builds on raise anything from their own errors to AssertionError on words they cannot take.
    try:
        yield
    except QlabError:
        raise
    except Exception as error:
        raise explain(error, config_name, overrides) from error


def complete_overrides(config_name: str, before: Sequence[str], current: str) -> list[str]:
    """Return the overrides that ``current``, the beginning of one, can become after the complete ones ``before``."""
    from hydra._internal.core_plugins.bash_completion import BashCompletion

    sources.register()
    with own_hydra():
        loader = GlobalHydra.instance().config_loader()
        # Hydra has no public function for this; its own shells call the same one.
        found: list[str] = BashCompletion(loader)._query(config_name, " ".join([*before, current]))
    return found
