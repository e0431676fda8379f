"""``qlab cat``."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="GROUP/NAME, or a name that stands in one group only.")],
) -> None:
    """Print the config file behind a choice, comments and all.

    Example: qlab cat head/vqc
    """
    from qlab.config.catalogue import text

    print(text(name), end="")
