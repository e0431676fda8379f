"""Rivals: contestants that a recipe or a command line names itself, as overrides of the config that is compared."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from qlab.config.composer import Composer
from qlab.config.conditions import as_trained
from qlab.config.schema import Place, RunConfig
from qlab.config.sources import EXPERIMENT
from qlab.config.sources import GROUPS as CHOSEN
from qlab.config.validate import GROUPS, run_config
from qlab.errors import OptionError, RequestError
from qlab.evaluation.comparison import CIRCUIT
from qlab.jobs.compare.twins import TWINS
from qlab.jobs.model import check_parts
from qlab.reports.values import component, shown

Rivals = Mapping[str, Sequence[str]]
"""Words in Hydra's grammar by the name of each rival."""
_SHARED = frozenset({"dataset", "seed", EXPERIMENT, *(field.name for field in fields(Place))})
_REFERENCE = re.compile(r"\$\{(?:oc\.select:)?([\w.]+)")


def check_names(rivals: Rivals) -> None:
    """Raise ``OptionError`` where a name is another contestant's or none, or a rival would not share data and seeds."""
    for name, words in rivals.items():
        if not (name.isascii() and name.isidentifier()):
            raise OptionError(f"rival '{name}': a name has letters, digits and _ only")
        if name == CIRCUIT or name in TWINS:
            raise OptionError(f"rival {name}: {name} is a model of every comparison; give the rival another name")
        for word in words:
            key = _key(word)
            if _group(key) in _SHARED:
                raise OptionError(f"rival {name}: '{word}': {_group(key)} is shared by all models of a comparison")


def composed(
    rivals: Rivals, composer: Composer, words: Sequence[str], circuit: DictConfig
) -> Iterator[tuple[str, RunConfig]]:
    """Yield the name and the validated config of every rival.

    Its words come after those of the config. Where they choose a component, nothing that was said of that group before
    holds: that belongs to another choice.

    Args:
        rivals: their words.
        composer: of training configs.
        words: of the config that is compared.
        circuit: that config.

    Raises:
        RequestError: the words of a rival do not fit; the message names it.
    """
    for name, own in rivals.items():
        chosen = {_key(word) for word in own} & set(CHOSEN)
        kept = [word for word in words if _group(_key(word)) not in chosen]
        try:
            cfg = composer.compose([*kept, *own])
            _answer(cfg, circuit)
            yield name, run_config(cfg)
        except RequestError as error:
            raise RequestError(f"rival {name}: {error}") from error


def check(rivals: Rivals, words: Sequence[str]) -> None:
    """Raise ``RequestError`` where a rival of the config in ``words`` is wrong, as far as that shows without data."""
    composer = Composer("train")
    for name, config in composed(rivals, composer, words, composer.compose(words)):
        quiet = dataclasses.replace(config, trainer=dataclasses.replace(config.trainer, noise_aware=False))
        try:
            check_parts(as_trained(quiet))  # whether noise has a circuit to act on, the data tell
        except RequestError as error:
            raise RequestError(f"rival {name}: {error}") from error


def described(words: Sequence[str]) -> str:
    """Return what a rival is, in one line."""
    return f"rival: {' '.join(words)}"


def differences(circuit: RunConfig, rival: RunConfig) -> dict[str, str]:
    """Return every difference of two configs in words, by group or by option."""
    found: dict[str, str] = {}
    for group in GROUPS:
        before, after = getattr(circuit, group), getattr(rival, group)
        if before.name == after.name:
            found |= _changed(group, before.options, after.options)
        else:
            name, _, options = component({"name": after.name, **dataclasses.asdict(after.options)}).partition(": ")
            found[group] = f"{name}{f' ({options})' if options else ''} instead of {before.name}"
    return found | _changed("trainer", circuit.trainer, rival.trainer)


def _changed(group: str, before: Any, after: Any) -> dict[str, str]:
    pairs = {field.name: (getattr(before, field.name), getattr(after, field.name)) for field in fields(before)}
    return {
        f"{group}.{name}": f"{shown(new)} instead of {shown(old)}" for name, (old, new) in pairs.items() if new != old
    }


def _answer(cfg: DictConfig, circuit: DictConfig) -> None:
    """Keep what a config refers to and a rival does not have: features are as many as there are for the circuit."""
    for group in GROUPS:
        options = OmegaConf.to_container(cfg[group], resolve=False) if cfg.get(group) is not None else {}
        assert isinstance(options, dict)
        if circuit[group].name != options.get("name"):
            continue
        for name, value in options.items():
            reference = _REFERENCE.match(value) if isinstance(value, str) else None
            if reference and OmegaConf.select(cfg, reference[1]) is None and name in circuit[group]:
                OmegaConf.update(cfg, f"{group}.{name!s}", circuit[group][name])


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def _group(key: str) -> str:
    return key.partition(".")[0]
