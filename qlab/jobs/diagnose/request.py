"""What is asked of diagnostics: heads, whose config may be swept, and how they are diagnosed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlab.config.compose import compose, plain
from qlab.config.composer import Composer
from qlab.config.grid import Grid, Plain, grid
from qlab.config.options.diagnostics import Diagnostics
from qlab.config.schema import RunConfig, RunScalars
from qlab.config.sources import EXPERIMENT, GROUPS
from qlab.config.validate import check_output, run_config, typed
from qlab.errors import OptionError, QlabError, RequestError, did_you_mean

_OWN = tuple(field.name for field in dataclasses.fields(Diagnostics))
_TRAINING = (*(field.name for field in dataclasses.fields(RunScalars)), *GROUPS, EXPERIMENT)


@dataclass(frozen=True)
class Point:
    """One head to diagnose: the values of the swept keys, and its config."""

    values: Mapping[str, Plain]
    config: RunConfig


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        words: the command's.
        points: the heads, in the order of the grid.
        options: how they are diagnosed.
    """

    words: tuple[str, ...]
    points: tuple[Point, ...]
    options: Diagnostics

    @property
    def swept(self) -> tuple[str, ...]:
        """Names of the swept keys."""
        return tuple(self.points[0].values)

    @property
    def output_dir(self) -> Path:
        """Where results go."""
        return Path(self.points[0].config.place.output_dir)

    @property
    def name(self) -> str:
        """What the folder of the result is called before the key."""
        given = self.points[0].config.place.name
        heads = dict.fromkeys(point.config.head.name for point in self.points)
        return given or "-".join(heads)


def request(words: Sequence[str]) -> Request:
    """Return the checked request in the words of a command.

    Args:
        words: those of a training, of which the head's and the seed may take several values as in a sweep, and the
            options of diagnostics.

    Raises:
        RequestError: something of it is wrong.
    """
    own = [word for word in words if _is_own(word)]
    options = typed(Diagnostics, plain(compose("diagnose", own)), "")
    points = _points([word for word in words if not _is_own(word)])
    check_output(points[0].config.place)
    return Request(tuple(words), points, options)


def _points(words: Sequence[str]) -> tuple[Point, ...]:
    spanned, composer, found = _of_the_head(grid(words, may_be_a_point=True), words), Composer("train"), []
    for chosen, values in spanned.points():
        try:
            found.append(Point(values, run_config(composer.compose(chosen), paths_must_exist=False)))
        except QlabError as error:
            where = " ".join(f"{name}={value}" for name, value in values.items())
            raise RequestError(f"at {where}: {error}") if where else error from error
    return tuple(found)


def _of_the_head(spanned: Grid, words: Sequence[str]) -> Grid:
    """Return the grid of what changes a head, less what else a recipe sweeps: its seeds are those of trainings.

    Raises:
        OptionError: a word sweeps more.
    """
    given = {word.partition("=")[0].lstrip("+"): word for word in words}
    taken = {"head"} | ({"seed"} & set(given))
    others = {name for name in spanned.swept if name.partition(".")[0] not in taken}
    for key, word in given.items():
        if key in others:
            raise OptionError(f"'{word}': diagnostics sweep the head and the seed only, e.g. head.n_qubits=4,6,8")
    axes = [tuple(name for name in axis if name not in others) for axis in spanned.axes]
    kept = tuple(entry for entry in spanned.entries if entry.name not in others)
    return Grid(kept, tuple(axis for axis in axes if axis))


def _is_own(word: str) -> bool:
    """Return whether a word is an option of diagnostics.

    Raises:
        OptionError: it is neither that nor anything of a training.
    """
    key = word.partition("=")[0].lstrip("+~")
    if key in _OWN:
        return True
    if "=" in word and "." not in key and "@" not in key and "/" not in key and key not in _TRAINING:
        raise OptionError(f"unknown option '{key}'{did_you_mean(key, [*_OWN, *_TRAINING])}")
    return False
