"""Where configs and experiments are: shipped with qlab, and the user's own in the working directory."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_conf() -> Path:
    """Return the folder of config groups that comes with qlab."""
    return _shipped("conf")


def shipped_experiments() -> Path:
    """Return the folder of recipes that comes with qlab."""
    return _shipped("experiments")


def own_conf() -> Path | None:
    """Return ``./conf`` if it is there and is not the shipped one."""
    return _own("conf", shipped_conf())


def own_experiments() -> Path | None:
    """Return ``./experiments`` if it is there and is not the shipped one."""
    return _own("experiments", shipped_experiments())


def _shipped(name: str) -> Path:
    # In a checkout the folder stands beside the package; a wheel carries it inside.
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def _own(name: str, shipped: Path) -> Path | None:
    folder = Path.cwd() / name
    return folder if folder.is_dir() and folder.resolve() != shipped.resolve() else None
