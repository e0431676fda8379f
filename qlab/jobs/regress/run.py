"""Run recipes and compare what they give with what is expected."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qlab.errors import CorruptFileError, QlabError
from qlab.jobs.regress import expectations
from qlab.jobs.regress.comparison import Difference, compare, renewed
from qlab.jobs.regress.observation import observe
from qlab.jobs.regress.quantity import Quantities, Quantity
from qlab.jobs.regress.recipes import Recipes
from qlab.jobs.train import train
from qlab.progress import Progress
from qlab.reports.values import counted

Status = Literal["passed", "differs", "failed", "stored", "updated", "removed", "no expectation", "no recipe"]


@dataclass(frozen=True)
class Outcome:
    """How a recipe ended.

    Attributes:
        recipe: its name.
        status: ``failed`` where it could not be run to its end.
        seconds: time spent.
        quantities: how many were compared.
        differences: from PennyLane and from the expectation; where it was ``updated``, from the expectation before.
        error: one line, where it failed.
        details: the traceback of an error that nobody foresaw.
    """

    recipe: str
    status: Status
    seconds: float
    quantities: int = 0
    differences: tuple[Difference, ...] = ()
    error: str | None = None
    details: str | None = None

    @property
    def is_regression(self) -> bool:
        """Whether it is not as it should be."""
        return self.status not in ("passed", "stored", "updated", "removed")

    @property
    def headline(self) -> str:
        """What came out, in a few words."""
        size = counted(self.quantities, "quantity", "quantities")
        words = {
            "passed": size,
            "differs": f"{len(self.differences)} of {size}",
            "stored": size,
            "updated": f"{len(self.differences)} of {size}",
            "removed": "the expectation had no recipe",
            "no expectation": "--update stores what it gives",
            "no recipe": "an expectation without a recipe; --update removes it",
            "failed": self.error or "",
        }
        return words[self.status]


def regress(recipes: Recipes, names: Sequence[str], progress: Progress, *, update: bool = False) -> Iterator[Outcome]:
    """Run recipes one after the other in a temporary folder, and yield how each ended.

    Where all recipes are meant (``names`` is empty), expectations without a recipe come last. A recipe that fails, in
    whatever way, leaves the others alone. With ``update`` what it gives is expected from now on, unless it failed or
    differs from PennyLane's.

    Raises:
        RequestError: a name is unknown, or there is no recipe.
    """
    chosen = recipes.chosen(names)
    with tempfile.TemporaryDirectory(prefix="qlab-regress-") as scratch:
        for name in progress.track(chosen, "regressions", len(chosen)):
            yield _run(recipes, name, Path(scratch), progress, update=update)
    for name in [] if names else recipes.orphans:
        yield _orphan(recipes, name, update=update)


def _run(recipes: Recipes, name: str, scratch: Path, progress: Progress, *, update: bool) -> Outcome:
    started, path = time.perf_counter(), recipes.expectation(name)
    try:
        config = recipes.config(name, scratch)
        found, wrong = observe(config, train(config, progress, force=True))
        wrong += compare(found, found)  # a number that is none is never right, not even again
        expected = _expected(path, damage_matters=not update)
    except Exception as error:
        details = None if isinstance(error, QlabError) else "".join(traceback.format_exception(error))
        return Outcome(name, "failed", time.perf_counter() - started, error=_one_line(error), details=details)
    seconds = time.perf_counter() - started
    if update and not wrong:
        return _renew(path, name, expected, found, seconds)
    differences = (*wrong, *(compare(expected, found) if expected is not None else ()))
    status: Status = "differs" if differences else "no expectation" if expected is None else "passed"
    return Outcome(name, status, seconds, len(found), differences)


def _expected(path: Path, *, damage_matters: bool) -> dict[str, Quantity] | None:
    try:
        return expectations.read(path) if path.is_file() else None
    except CorruptFileError:
        if damage_matters:
            raise
        return None


def _renew(path: Path, name: str, expected: Quantities | None, found: Quantities, seconds: float) -> Outcome:
    """Write what is expected from now on; nothing where all of it holds already."""
    differences = tuple(compare(expected, found)) if expected is not None else ()
    if expected is None or differences:
        expectations.write(path, renewed(expected or {}, found))
    status: Status = "stored" if expected is None else "updated" if differences else "passed"
    return Outcome(name, status, seconds, len(found), differences)


def _orphan(recipes: Recipes, name: str, *, update: bool) -> Outcome:
    if not update:
        return Outcome(name, "no recipe", 0.0)
    recipes.expectation(name).unlink()
    return Outcome(name, "removed", 0.0)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, QlabError) else f"{type(error).__name__}: {text}"
