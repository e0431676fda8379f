"""``qlab doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from qlab.cli.arguments import Json

Warm = Annotated[bool, typer.Option("--warm", help="Compile the simulator now instead of on its first use.")]


def command(warm: Warm = False, json: Json = False) -> None:
    """Say what is installed, what lacks and how to get it: versions, extras, processor, GPU, account, folders, plugins.

    Example: qlab doctor
    """
    from dataclasses import asdict

    from qlab.cli.doctor_tables import print_examination
    from qlab.cli.output import print_json
    from qlab.jobs.doctor.examination import examine

    if warm:
        from qlab.engine.compiled.warm import warm as compile_simulator

        compile_simulator()
    found = examine()
    if json:
        print_json(asdict(found))
    else:
        print_examination(found)
