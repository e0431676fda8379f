"""What is asked of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LAUNCHER = "launcher"


@dataclass(frozen=True)
class Request:
    """What is asked of a sweep.

    Attributes:
        overrides: words in Hydra's grammar, those that choose the launcher left out.
        launcher: words that choose the launcher.
        paired: keys whose values are gone through together.
        rerun_failed: try again what failed or was lost before.
        fail_fast: begin nothing more after the first failure.
        force: compute again what is there.
    """

    overrides: tuple[str, ...]
    launcher: tuple[str, ...] = ()
    paired: tuple[tuple[str, ...], ...] = ()
    rerun_failed: bool = False
    fail_fast: bool = False
    force: bool = False

    @classmethod
    def of_words(
        cls,
        words: Sequence[str],
        paired: Sequence[str] = (),
        *,
        rerun_failed: bool = False,
        fail_fast: bool = False,
        force: bool = False,
    ) -> Request:
        """Return the request in a command line: any words, and ``KEY,KEY`` for keys that are paired."""
        launcher = tuple(word for word in words if _is_of_launcher(word))
        overrides = tuple(word for word in words if not _is_of_launcher(word))
        pairs = tuple(tuple(key.strip() for key in pair.split(",")) for pair in paired)
        return cls(overrides, launcher, pairs, rerun_failed, fail_fast, force)


def _is_of_launcher(word: str) -> bool:
    return word.lstrip("+~").partition("=")[0].partition(".")[0] == LAUNCHER
