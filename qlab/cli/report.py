"""``qlab report``."""

from __future__ import annotations

from typing import Annotated

import typer

from qlab.cli.arguments import Json, output_folder


def command(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A run's or a sweep's folder, name or key.")],
    place: Annotated[
        list[str] | None, typer.Argument(metavar="[output_dir=DIR]", help="Where results are; outputs by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Write one page of HTML with everything about a run or a sweep, readable without network, into its folder.

    Example: qlab report outputs/runs/NAME-KEY
    """
    from qlab.cli.output import print_json
    from qlab.jobs.report import report

    folder, rest = output_folder(place)
    if rest:
        raise typer.BadParameter(f"'{rest[0]}' is one word too many: only output_dir=DIR may follow PATH")
    written = report(path, folder)
    if json:
        print_json({"path": str(written)})
    else:
        print(written)
