"""``qlab ls``."""

from __future__ import annotations

from typing import Annotated

import typer

from qlab.cli.arguments import Json


def command(
    group: Annotated[str | None, typer.Argument(help="One group, e.g. head or experiment; all without it.")] = None,
    json: Json = False,
) -> None:
    """List what there is to choose from.

    Example: qlab ls head
    """
    from qlab.cli.output import print_json, print_table
    from qlab.config.catalogue import entries

    found = entries(group)
    if json:
        print_json([entry.__dict__ for entry in found])
        return
    rows = [(f"{entry.group}={entry.name}", entry.summary, entry.origin) for entry in found]
    print_table("", ("choice", "what it is", "from"), rows)
