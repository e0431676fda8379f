"""What is asked of a comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from qlab.config import sources
from qlab.config.compose import compose, plain
from qlab.config.options.compare import CompareOptions
from qlab.config.validate import typed
from qlab.errors import UnknownNameError
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
            RequestError: an option is wrong, or a twin is unknown.
        """
        own = [word for word in words if _key(word) in _OWN]
        rest = [word for word in words if _key(word) not in _OWN]
        values = _of_the_recipe(rest)
        composed = plain(compose("compare", own))
        values |= {_key(word): composed[_key(word)] for word in own}
        options = typed(CompareOptions, values, "")
        for name in options.twins or ():
            if name not in TWINS:
                raise UnknownNameError("twin", name, TWINS)
        points = Request.of_words(rest, rerun_failed=rerun_failed, fail_fast=fail_fast, force=force)
        return cls(points, options)


def _of_the_recipe(words: Sequence[str]) -> dict[str, object]:
    chosen = [word.partition("=")[2] for word in words if _key(word) == sources.EXPERIMENT]
    return sources.comparison_of_recipe(chosen[-1]) if chosen else {}


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+")
