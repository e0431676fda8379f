"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qlab.errors import OptionError

Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[OVERRIDE]...", help="group=option or key=value, e.g. dataset=digits head.n_qubits=8"),
]
Experiment = Annotated[
    str | None, typer.Option("--experiment", "-e", metavar="NAME", help="A recipe: the same as experiment=NAME.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Compute again even if the result is there.")]
Cfg = Annotated[
    str | None, typer.Option("--cfg", metavar="job|hydra|all", help="Print the composed config instead of running.")
]
Resolve = Annotated[bool, typer.Option("--resolve", help="With --cfg: fill in every reference.")]


def with_experiment(overrides: list[str] | None, experiment: str | None) -> list[str]:
    """Return the overrides with the recipe among them."""
    return [*([f"experiment={experiment}"] if experiment else []), *(overrides or [])]


def output_folder(words: list[str] | None) -> tuple[Path, list[str]]:
    """Return the folder that the word ``output_dir=DIR`` names, ``outputs`` without one, and the other words.

    Raises:
        OptionError: it is not there.
    """
    given = [word.partition("=")[2] for word in words or [] if word.startswith("output_dir=")]
    if given and not Path(given[-1]).is_dir():
        raise OptionError(f"output_dir={given[-1]} is not a folder")
    return Path(given[-1] if given else "outputs"), [w for w in words or [] if not w.startswith("output_dir=")]


def hydra_flags(cfg: str | None, resolve: bool) -> list[str]:
    """Return Hydra's own flags.

    Raises:
        BadParameter: ``cfg`` is none of job, hydra, all.
    """
    if cfg is None:
        return []
    if cfg not in ("job", "hydra", "all"):
        raise typer.BadParameter(f"--cfg is job, hydra or all, not '{cfg}'")
    return ["--cfg", cfg, *(["--resolve"] if resolve else [])]
