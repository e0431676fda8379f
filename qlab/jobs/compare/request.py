"""What is asked of a comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from qlab.config import sources
from qlab.config.compose import compose, plain
from qlab.config.options.compare import CompareOptions
from qlab.config.validate import typed
from qlab.errors import OptionError, UnknownNameError
from qlab.jobs.compare.rivals import check_names
from qlab.jobs.compare.twins import TWINS
from qlab.jobs.sweep.request import Request

_OWN = frozenset(field.name for field in dataclasses.fields(CompareOptions))


@dataclass(frozen=True)
class CompareRequest:
    """What is asked of a comparison.

    Attributes:
        points: words that choose the config, several values for keys that are gone through, and how it is run.
        options: the comparison's own.
    """

    points: Request
    options: CompareOptions

    @classmethod
    def of_words(
        cls, words: Sequence[str], *, rerun_failed: bool = False, fail_fast: bool = False, force: bool = False
    ) -> CompareRequest:
        """Return the request in a command line.

        Raises:
            RequestError: an option is wrong, a twin is unknown, or a rival's name is another model's.
        """
        own = [word for word in words if _key(word) in _OWN]
        rest = [word for word in words if _key(word) not in _OWN]
        values = _of_the_recipe(rest)
        composed = plain(compose("compare", own))
        values |= {_key(word): composed[_key(word)] for word in own}
        options = typed(CompareOptions, values, "")
        _check(options)
        points = Request.of_words(rest, rerun_failed=rerun_failed, fail_fast=fail_fast, force=force)
        return cls(points, options)


def _check(options: CompareOptions) -> None:
    """Raise ``RequestError`` where options are wrong together, or a list holds what it should not."""
    for name in options.twins or ():
        if name not in TWINS:
            raise UnknownNameError("twin", name, TWINS)
    check_names(options.rivals or {})
    if options.twins is not None and not (options.twins or options.rivals):
        raise OptionError("twins=[] leaves nothing to compare with; leave twins out for every one that there is")
    for key, listed in (("twins", options.twins or []), ("vary", options.vary)):
        twice = next((name for name in listed if listed.count(name) > 1), None)
        if twice is not None:
            raise OptionError(f"{key}: {twice} is named twice")
    if options.tune == 1:
        raise OptionError("tune=1 tries the config as it is and nothing else: give 2 or more trials, or 0 for none")
    if options.tune and any(key.startswith("dataset.") for key in options.vary):
        raise OptionError(
            "tune chooses by the validation part of one split, and other splits would test on what it has seen: "
            "vary seeds of the heads only, or leave tune out"
        )


def _of_the_recipe(words: Sequence[str]) -> dict[str, object]:
    chosen = [word.partition("=")[2] for word in words if _key(word) == sources.EXPERIMENT]
    names = chosen[-1].split(",") if chosen else []
    sections = {name: sources.comparison_of_recipe(name) for name in names}
    own = next((name for name, section in sections.items() if section), None)
    if own is not None and len(names) > 1:
        raise OptionError(f"the recipe {own} has a comparison of its own: leave it out of experiment=...")
    return sections[own] if own is not None else {}


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+")
