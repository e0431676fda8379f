"""The grid of a sweep: the keys that take several values, those that go together, and every point in order."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, QuotedString
from hydra.errors import HydraException

from qlab.config import sources
from qlab.config.hydra_state import own_hydra
from qlab.config.schema import Place
from qlab.errors import OptionError, did_you_mean

LARGEST = 100_000
_EXPONENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")  # a number to Hydra, but not always to YAML 1.1
Plain = str | int | float | bool


@dataclass(frozen=True)
class Entry:
    """A key with the values it takes.

    Attributes:
        name: the key as a table shows it.
        words: ``key=value`` for each value.
        values: the values as a table shows them; ``null``, lists and mappings as text.
        swept: whether it was given as a sweep, even one of a single value.
    """

    name: str
    words: tuple[str, ...]
    values: tuple[Plain, ...]
    swept: bool


@dataclass(frozen=True)
class Grid:
    """All points of a sweep.

    Attributes:
        entries: every key, in the order in which it was given.
        axes: names of the swept keys; those of one axis change together. The first axis varies slowest.
    """

    entries: tuple[Entry, ...]
    axes: tuple[tuple[str, ...], ...]

    @property
    def swept(self) -> tuple[str, ...]:
        """Names of the swept keys, in the order in which they were given."""
        return tuple(entry.name for entry in self.entries if entry.swept)

    @property
    def fixed(self) -> tuple[str, ...]:
        """Words that hold at every point."""
        return tuple(entry.words[0] for entry in self.entries if not entry.swept)

    def values(self) -> dict[str, list[Plain]]:
        """Return the values of every swept key."""
        return {entry.name: list(entry.values) for entry in self.entries if entry.swept}

    def __len__(self) -> int:
        return math.prod(self._lengths())

    def points(self) -> Iterator[tuple[tuple[str, ...], dict[str, Plain]]]:
        """Yield the words of each point and the values of its swept keys."""
        for step in itertools.product(*(range(length) for length in self._lengths())):
            place = {name: position for axis, position in zip(self.axes, step, strict=True) for name in axis}
            words = tuple(entry.words[place.get(entry.name, 0)] for entry in self.entries)
            yield words, {entry.name: entry.values[place[entry.name]] for entry in self.entries if entry.swept}

    def _lengths(self) -> list[int]:
        lengths = {entry.name: len(entry.values) for entry in self.entries}
        return [lengths[axis[0]] for axis in self.axes]


def grid(
    overrides: Sequence[str],
    paired: Sequence[Sequence[str]] = (),
    *,
    may_be_a_point: bool = False,
    without: Collection[str] = (),
) -> Grid:
    """Return the grid that words in Hydra's grammar span, with the sweep of the recipe among them.

    Args:
        overrides: ``key=value``, ``key=a,b``, ``key=range(5)``, ``key=glob(*)``, ``key=choice(a,b)``.
        paired: keys whose lists are gone through together instead of crossed.
        may_be_a_point: whether it is right that nothing is swept.
        without: keys of the recipe's sweep that are left out.

    Raises:
        OptionError: a word cannot be read or enumerated, nothing is swept, or paired lists are not equally long.
    """
    sources.register()
    with own_hydra():
        loader = GlobalHydra.instance().config_loader()
        given = _entries(loader, overrides)
        recipe, its_pairs = _of_the_recipe(loader, given)
        recipe = {name: entry for name, entry in recipe.items() if name not in without}
    entries = {**recipe, **given}
    swept = [entry.name for entry in entries.values() if entry.swept]
    if not (swept or may_be_a_point):
        raise OptionError("nothing is swept: give a key several values, e.g. head.n_qubits=4,8 or seed='range(5)'")
    mine = {name for pair in paired for name in pair}
    kept = [[name for name in pair if name in swept] for pair in its_pairs if not mine & set(pair)]
    _check_pairs(paired, entries, swept)
    found = Grid(tuple(entries.values()), _axes(swept, [*paired, *kept]))
    _check_pair_lengths(found)
    if len(found) > LARGEST:
        raise OptionError(f"the grid has {len(found):,} points; at most {LARGEST:,} are taken")
    return found


def _entries(loader: ConfigLoader, words: Sequence[str]) -> dict[str, Entry]:
    """Return an entry for each key; of several words for one, with whatever prefix, the last holds."""
    found: dict[str, Entry] = {}
    for override in _parsed(loader, words):
        entry = _entry(loader, override)
        if override.is_delete():
            found.pop(entry.name.removeprefix("~"), None)
        found[entry.name] = entry
    return found


def _parsed(loader: ConfigLoader, words: Sequence[str]) -> list[Override]:
    parser = OverridesParser.create(config_loader=loader)
    found = []
    for word in words:
        if "=" not in word and not word.startswith("~"):
            raise OptionError(f"'{word}' is not of the form key=value")
        try:
            found += parser.parse_overrides([word])
        except HydraException as error:
            hint = "a value with special characters is written in quotes, key='\"...\"' in a shell"
            raise OptionError(f"'{word}' cannot be read ({hint})") from error
    return found


def _entry(loader: ConfigLoader, override: Override) -> Entry:
    word, name = override.input_line or "", override.get_key_element().lstrip("+")
    if not override.is_sweep_override():
        return Entry(name, (word,), ("",), swept=False)
    if override.is_delete() or override.is_hydra_override():
        raise OptionError(f"'{word}' cannot be swept")
    if name in Place.__dataclass_fields__:
        raise OptionError(f"'{word}': {name} changes no result, so it cannot be swept")
    if not override.is_discrete_sweep():
        raise OptionError(f"'{word}' has no end of values; give a list, or range(start,stop,step)")
    if getattr(override.value(), "shuffle", False):
        raise OptionError(f"'{word}': a sweep has one order, the same each time; leave shuffle out")
    try:
        values = list(itertools.islice(override.sweep_iterator(), LARGEST + 1))
        texts = list(itertools.islice(override.sweep_string_iterator(), LARGEST + 1))
    except HydraException as error:
        raise OptionError(f"'{word}' cannot be enumerated: {' '.join(str(error).split())}") from error
    if not values:
        options = loader.get_group_options(name, ObjectType.CONFIG) if isinstance(override.value(), Glob) else []
        known = f"; {name} has {', '.join(options)}" if options else ""
        raise OptionError(f"'{word}' has no values{known}")
    if len(values) > LARGEST:
        raise OptionError(f"'{word}': the grid has more than {LARGEST:,} points; at most {LARGEST:,} are taken")
    words = tuple(f"{override.get_key_element()}={text}" for text in texts)
    return Entry(name, words, tuple(_plain(value, text) for value, text in zip(values, texts, strict=True)), swept=True)


def _plain(value: Any, text: str) -> Plain:
    if isinstance(value, QuotedString):
        return value.text
    return value if isinstance(value, str | int | float | bool) else text


def _of_the_recipe(loader: ConfigLoader, given: Mapping[str, Entry]) -> tuple[dict[str, Entry], list[list[str]]]:
    """Return the sweep and the pairs of the recipe, less what belongs to a group that was chosen besides it."""
    chosen = given.get(sources.EXPERIMENT)
    if chosen is None:
        return {}, []
    names = [word.partition("=")[2] for word in chosen.words]
    sections = {name: sources.sweep_of_recipe(name) for name in names}
    if chosen.swept:
        own = next((name for name, (swept, _) in sections.items() if swept), None)
        if own is not None:
            raise OptionError(f"the recipe {own} has a sweep of its own: leave it out of experiment=...")
        return {}, []
    swept, pairs = sections[names[0]]
    replaced = set(given) & set(sources.GROUPS)
    kept = {
        key: value
        for key, value in swept.items()
        if key.lstrip("+").partition(".")[0] not in replaced and f"~{key.lstrip('+')}" not in given
    }
    entries = _entries(loader, [f"{key}={_in_words(value)}" for key, value in kept.items()])
    single = next((name for name, entry in entries.items() if not entry.swept), None)
    if single is not None:
        raise OptionError(f"the recipe {names[0]} sweeps {single}, but gives it no list of values")
    unknown = {name for pair in pairs for name in pair} - {key.lstrip("+") for key in swept}
    if unknown:
        raise OptionError(f"the recipe {names[0]} pairs {', '.join(sorted(unknown))}, which it does not sweep")
    return entries, pairs


def _in_words(value: Any) -> str:
    """Return a recipe's values in Hydra's grammar: text is in it already, a list is one of values."""
    if not isinstance(value, list):
        return _word(value, raw=True)
    words = ",".join(_word(item) for item in value)
    return words if len(value) > 1 else f"choice({words})"


def _word(value: Any, *, raw: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(_word(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_word(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str) and not raw and not value.isidentifier() and not _EXPONENT.fullmatch(value):
        return '"' + value.replace('"', '\\"') + '"'
    return str(value)


def _check_pairs(paired: Sequence[Sequence[str]], entries: Mapping[str, Entry], swept: Sequence[str]) -> None:
    seen: set[str] = set()
    for pair in paired:
        for name in pair:
            if name not in swept:
                known = name in {entry.name for entry in entries.values()}
                near = " it has one value" if known else did_you_mean(name, swept).lstrip(";")
                raise OptionError(f"--paired {','.join(pair)}: '{name}' is not swept;{near or ' give it a list'}")
            if name in seen:
                raise OptionError(f"--paired {','.join(pair)}: '{name}' is paired twice")
            seen.add(name)


def _check_pair_lengths(found: Grid) -> None:
    lengths = {entry.name: len(entry.values) for entry in found.entries}
    for axis in found.axes:
        if len({lengths[name] for name in axis}) > 1:
            counts = ", ".join(f"{name} has {lengths[name]}" for name in axis)
            raise OptionError(f"paired keys take their values together, so their lists are equally long: {counts}")


def _axes(swept: Sequence[str], pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the axes in the order of their first keys."""
    partners = {name: tuple(pair) for pair in pairs for name in pair}
    return tuple(dict.fromkeys(partners.get(name, (name,)) for name in swept))
