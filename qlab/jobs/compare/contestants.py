"""Who takes part in a comparison: the circuit, those of its twins that there are, and rivals, at every seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from qlab.config import registry
from qlab.config.composer import Composer
from qlab.config.conditions import has_conditions
from qlab.config.grid import Grid, Plain
from qlab.config.options.compare import CompareOptions
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import OptionError, QlabError, RequestError, did_you_mean
from qlab.evaluation.comparison import CIRCUIT
from qlab.heads.head import Solved
from qlab.jobs.compare import rivals
from qlab.jobs.compare.rivals import Rivals, composed
from qlab.jobs.compare.twins import TWINS, described, require_quantum, without_circuit
from qlab.jobs.loaded_data import LOADED
from qlab.jobs.model import (
    build_model,
    check_batches,
    check_conditions,
    input_shape,
    require_gradients,
    training_backend,
)
from qlab.jobs.prepare import load_data
from qlab.jobs.sweep.points import Point, describe, point_at
from qlab.progress import Progress

SEED, LARGEST_SEED = "seed", 2**32 - 1
_VARIABLE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "dataset": {"seed": "data", "split_seed": "split, of which parts overlap from seed to seed"},
        "encoder": {"seed": "frozen block"},
        "backend": {"seed": "shots and trajectories"},
    }
)


@dataclass(frozen=True)
class Contestant:
    """A model of a comparison.

    Attributes:
        name: ``circuit``, or that of a twin or a rival.
        description: what it is, in one line.
        config: at the first seed.
        is_seeded: whether its head has anything random.
        n_train: how many examples it learns from.
        differences: of a rival from the config before anything is tuned, in words, by group or option.
    """

    name: str
    description: str
    config: RunConfig
    is_seeded: bool
    n_train: int
    differences: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def at(self, offset: int, vary: Sequence[str]) -> RunConfig:
        """Return the config at the first seed and so many more."""
        config = self.config
        for key in vary:
            if key == SEED:
                config = dataclasses.replace(config, seed=config.seed + offset * self.is_seeded)
                continue
            group, _, name = key.partition(".")
            chosen = getattr(config, group)
            if hasattr(chosen.options, name):
                options = dataclasses.replace(chosen.options, **{name: getattr(chosen.options, name) + offset})
                config = dataclasses.replace(config, **{group: dataclasses.replace(chosen, options=options)})
        return config


@dataclass(frozen=True)
class Field:
    """The contestants of one setting.

    Attributes:
        values: of the swept keys; may be empty.
        contestants: the circuit first.
        left_out: the twins and rivals that there are not, and why.
    """

    values: Mapping[str, Plain]
    contestants: tuple[Contestant, ...]
    left_out: Mapping[str, str]


def fields(grid: Grid, options: CompareOptions, progress: Progress) -> list[Field]:
    """Return the contestants of every setting of ``grid``, each built once to know that it fits the data.

    Args:
        grid: the settings.
        options: which twins and rivals are wanted, how many seeds, and what differs between these.
        progress: told of data that are made or downloaded.

    Raises:
        RequestError: a setting is wrong, its head has no circuit, a twin that was asked for does not fit, or a rival
            does not or is nowhere different from all others.
    """
    composer, found, wanted = Composer("train"), list[Field](), options.rivals or {}
    LOADED.keep()
    try:
        for words, values in grid.points():
            cfg = composer.compose(words)
            config = run_config(cfg)
            _check_varied(config, options, values)
            configs = dict(composed(wanted, composer, words, cfg))
            field = _field(values, config, options.twins, progress)
            found.append(_with_rivals(field, configs, wanted, progress))
    except QlabError as error:
        LOADED.forget()
        raise RequestError(f"at {describe(values)}: {error}" if values else str(error)) from error
    for name in wanted:
        if all(name in field.left_out for field in found):
            raise OptionError(f"rival {name} takes no part: {found[0].left_out[name]}")
    return found


def points(chosen: Sequence[Field], seeds: int, vary: Sequence[str]) -> Iterator[Point]:
    """Yield a point for every setting, contestant and seed; what has nothing random in it shares its computation."""
    for field in chosen:
        for contestant in field.contestants:
            for offset in range(seeds):
                values = {**field.values, "twin": contestant.name, "seed": contestant.config.seed + offset}
                yield point_at(values, contestant.at(offset, vary))


def _field(values: Mapping[str, Plain], config: RunConfig, twins: Sequence[str] | None, progress: Progress) -> Field:
    contestants, left_out = [_contestant(CIRCUIT, "the config as it is", config, progress)], dict[str, str]()
    same = {point_at({}, config).id: CIRCUIT}
    for name in TWINS if twins is None else twins:
        try:
            twin = TWINS[name](config)
            other = same.setdefault(point_at({}, twin).id, name)
            if other != name:
                raise OptionError(f"it is the same as {other}")
            contestants.append(_contestant(name, described(name), twin, progress))
        except RequestError as error:
            if twins is not None:
                raise RequestError(f"twin {name}: {error}") from error
            left_out[name] = str(error)
    return Field(values, tuple(contestants), left_out)


def _with_rivals(field: Field, configs: Mapping[str, RunConfig], words: Rivals, progress: Progress) -> Field:
    """Add the rivals that are no model of the setting already."""
    contestants, left_out = list(field.contestants), dict(field.left_out)
    same = {point_at({}, one.config).id: one.name for one in contestants}
    for name, config in configs.items():
        try:
            rival = _contestant(name, rivals.described(words[name]), config, progress)
        except RequestError as error:
            raise RequestError(f"rival {name}: {error}") from error
        other = same.setdefault(point_at({}, rival.config).id, name)
        if other != name:
            left_out[name] = f"it is the same as {other}"
            continue
        different = rivals.differences(contestants[0].config, config)
        contestants.append(dataclasses.replace(rival, differences=different))
    return Field(field.values, tuple(contestants), left_out)


def _contestant(name: str, description: str, config: RunConfig, progress: Progress) -> Contestant:
    """Build the model for the data, so that what does not fit is known before anything runs.

    What acts on circuits only is left out for a twin or a rival without one.
    """
    data, backend = load_data(config, progress), training_backend(config)
    model = build_model(config, backend, input_shape(config, data.dataset), len(data.dataset.classes))
    if name == CIRCUIT:
        require_quantum(config, model)
    elif model.circuit is None:
        config = without_circuit(config)
    require_gradients(model, backend, config.backend)
    check_conditions(config, model)
    seeded, n_train = not isinstance(model, Solved), len(data.splits.train)
    check_batches(model, config.trainer.batch_size, n_train)
    return Contestant(name, description, config, is_seeded=seeded, n_train=n_train)


def seeds_of(config: RunConfig) -> dict[str, str]:
    """Return the keys of every seed in ``config``, and what of it each decides."""
    found = {SEED: "first weights and order of batches"}
    for group in ("dataset", "encoder", "backend"):
        options = registry.options_class(group, getattr(config, group).name)
        names = {field.name for field in dataclasses.fields(options)}
        found |= {f"{group}.{name}": what for name, what in _VARIABLE[group].items() if name in names}
    return found


def _check_varied(config: RunConfig, options: CompareOptions, values: Mapping[str, Plain]) -> None:
    """Raise ``OptionError`` where something to vary is no seed of ``config``, or seeds would be copies of one run."""
    known = list(seeds_of(config))
    for key in options.vary:
        if key not in known:
            near = did_you_mean(key, known)
            raise OptionError(f"vary: {key} is no seed of this config; {', '.join(known)} are{near}")
        if key in values:
            raise OptionError(f"vary: {key} has several values already, one for each setting")
        group, _, name = key.rpartition(".")
        first: int = getattr(getattr(config, group).options, name) if group else config.seed
        if first + options.seeds - 1 > LARGEST_SEED:
            raise OptionError(f"{key}={first}: {options.seeds} seeds from there go beyond the largest, {LARGEST_SEED}")
    conditions = has_conditions(config.noise, config.backend)
    acting = {SEED, "dataset.seed", "dataset.split_seed", *(["backend.seed"] if conditions else [])}
    if not acting & set(options.vary):
        raise OptionError(
            f"vary=[{','.join(options.vary)}] changes nothing of the circuit's runs for sure, and copies of one run "
            "are no seeds: vary seed, dataset.split_seed or dataset.seed as well"
        )
