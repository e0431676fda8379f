"""``qlab doctor``."""

from __future__ import annotations

from qlab.cli.arguments import Json


def command(json: Json = False) -> None:
    """Say what is installed and found: versions, threads, GPU, data, plugins, folders.

    Example: qlab doctor
    """
    from qlab.cli.output import print_facts, print_json
    from qlab.jobs.doctor import examine

    facts = examine()
    if json:
        print_json(facts)
    else:
        print_facts("qlab doctor", facts)
