"""From an exception of Hydra to one line that names the wrong word and the nearest right one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf

from qlab.config.hydra_state import own_hydra
from qlab.errors import OptionError, RequestError, UnknownNameError, did_you_mean


def explain(error: Exception, config_name: str, overrides: Sequence[str]) -> RequestError:
    """Return the error to show for ``error``, which Hydra raised while composing ``overrides``."""
    malformed = next((word for word in overrides if "=" not in word[1:] and not word.startswith("~")), None)
    if malformed is not None:
        return OptionError(f"'{malformed}' is not of the form key=value")
    launcher = next((word for word in overrides if word.lstrip("+").startswith(("launcher=", "launcher."))), None)
    if launcher is not None and config_name != "launch":
        return OptionError(f"'{launcher}': only sweeps have a launcher; see qlab sweep")
    if isinstance(error, OverrideParseException):
        hint = "a value with special characters is written in quotes, key='\"...\"' in a shell"
        return OptionError(f"'{error.override}' cannot be read ({hint})")
    return _first_wrong_word(config_name, overrides) or RequestError(_one_line(error))


def _first_wrong_word(config_name: str, overrides: Sequence[str]) -> RequestError | None:
    """Look for the first override that no config can satisfy."""
    words = [word.partition("=")[::2] for word in overrides]
    pairs = [(key.lstrip("+~").partition("@")[0], value, key.startswith("+")) for key, value in words]
    try:
        with own_hydra():
            return _wrong_choice(pairs) or _wrong_key(config_name, pairs)
    except Exception:
        # The words are fine by themselves; what is wrong lies in a file, and the first error says where.
        return None


def _wrong_choice(pairs: Sequence[tuple[str, str, bool]]) -> RequestError | None:
    loader = GlobalHydra.instance().config_loader()
    groups = loader.get_group_options("", ObjectType.GROUP)
    for key, value, _ in pairs:
        if key in groups and value not in ("null", ""):
            options = loader.get_group_options(key, ObjectType.CONFIG)
            if "," in value and set(value.split(",")) <= set(options):
                return OptionError(f"{key}={value}: one value is wanted here, and these are {value.count(',') + 1}")
            if value not in options:
                return UnknownNameError(key, value, options)
    return None


def _wrong_key(config_name: str, pairs: Sequence[tuple[str, str, bool]]) -> RequestError | None:
    groups = GlobalHydra.instance().config_loader().get_group_options("", ObjectType.GROUP)
    chosen = [f"{key}={value}" for key, value, _ in pairs if key in groups]
    known = {*_leaves(hydra.compose(config_name, chosen)), *groups}
    for key, value, added in pairs:
        if not added and key not in known and not key.startswith("hydra"):
            return _without_options(key, groups, known) or OptionError(
                f"unknown option '{key}'{did_you_mean(key, known)}"
            )
        if "," in value and key not in groups and value[:1] not in "[{'\"":
            return OptionError(f"{key}={value}: one value is wanted here; a list is written [{value}]")
    return None


def _without_options(key: str, groups: Sequence[str], known: Collection[str]) -> OptionError | None:
    """Return what to say of an option of a group whose choice has none."""
    group = key.partition(".")[0]
    if group not in groups or any(name.startswith(f"{group}.") and name != f"{group}.name" for name in known):
        return None
    return OptionError(f"'{key}': what is chosen of {group} has no options; choose another with {group}=NAME besides")


def _leaves(cfg: DictConfig) -> Iterator[str]:
    container = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(container, dict)
    yield from _paths(container, "")


def _paths(node: Mapping[Any, Any], prefix: str) -> Iterator[str]:
    for key, value in node.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def _one_line(error: Exception) -> str:
    """Return the message of an error and of what caused it, without line breaks."""
    text = str(error)
    if error.__cause__ is not None and str(error.__cause__) not in text:
        text = f"{text}: {error.__cause__}"
    return " ".join(text.split())
