"""``qlab regress``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from qlab.cli.arguments import Json
from qlab.cli.interrupt import raise_if_swallowed

if TYPE_CHECKING:
    from qlab.jobs.regress.recipes import Recipes
    from qlab.jobs.regress.run import Outcome

T = TypeVar("T")
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Recipes; all where none is named.")]
Update = Annotated[bool, typer.Option("--update", help="Expect from now on what comes out now; say what changed.")]
Junit = Annotated[str | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML, too.")]
List = Annotated[bool, typer.Option("--list", help="List the recipes and run nothing.")]


def command(
    names: Names = None, update: Update = False, junit: Junit = None, list_: List = False, json: Json = False
) -> None:
    """Run small recipes and compare what they give with stored expectations; exit 1 where anything differs.

    The recipes are those of ./experiments/regression, or where there is no such folder those that came with qlab.
    Each NAME.yaml is an experiment; what it is expected to give, and how exactly, stands in expected/NAME.json.

    Example: qlab regress --junit regress.xml
    """
    from qlab.jobs.regress.recipes import find

    if junit is not None and os.path.isdir(junit):
        raise typer.BadParameter(f"--junit is a file to write, and {junit} is a folder")
    recipes = find()
    if list_:
        _list(recipes, names or [], json)
    else:
        _run(recipes, names or [], update, junit, json)


def _list(recipes: Recipes, names: Sequence[str], json: bool) -> None:
    from qlab.cli.output import print_json, print_table

    rows = [(name, recipes.summary(name), recipes.expectation(name).is_file()) for name in recipes.chosen(names)]
    if json:
        print_json([{"recipe": name, "summary": summary, "expected": there} for name, summary, there in rows])
        return
    listed = [(name, summary, "there" if there else "missing") for name, summary, there in rows]
    print_table(str(recipes.folder), ("recipe", "what it is", "expectation"), listed)


def _run(recipes: Recipes, names: Sequence[str], update: bool, junit: str | None, json: bool) -> None:
    from pathlib import Path

    from qlab.cli.regress_tables import line, print_differences, to_json
    from qlab.errors import JobError
    from qlab.jobs.regress.run import regress

    outcomes: list[Outcome] = []
    for outcome in regress(recipes, names, _Quiet(), update=update):
        outcomes.append(outcome)
        if not json:
            print(line(outcome), flush=True)
    if junit is not None:
        from qlab.jobs.regress.junit import write_junit

        write_junit(Path(junit), outcomes)
    if json:
        from qlab.cli.output import print_json

        print_json(to_json(recipes.folder, outcomes))
    else:
        print_differences(outcomes, update=update)
    wrong = [outcome.recipe for outcome in outcomes if outcome.is_regression]
    if wrong:
        raise JobError(f"{len(wrong)} of {len(outcomes)} regressions: {', '.join(wrong)}")


class _Quiet:
    """Says nothing of the work within a recipe, but ends it where an interrupt was swallowed."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items``."""
        for item in items:
            raise_if_swallowed()
            yield item

    def say(self, message: str) -> None:
        """Drop the message."""
