"""``qlab doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from qlab.cli.arguments import Json

Warm = Annotated[bool, typer.Option("--warm", help="Compile the simulator now instead of on its first use.")]


def command(warm: Warm = False, json: Json = False) -> None:
    """Say what is installed and found: versions, threads, GPU, data, plugins, folders.

    Example: qlab doctor
    """
    from qlab.cli.output import print_facts, print_json
    from qlab.jobs.doctor import examine

    if warm:
        from qlab.engine.compiled.warm import warm as compile_simulator

        compile_simulator()
    facts = examine()
    if json:
        print_json(facts)
    else:
        print_facts("qlab doctor", facts)
