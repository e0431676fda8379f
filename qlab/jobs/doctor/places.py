"""The folders that are read and written."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qlab.config import folders


@dataclass(frozen=True)
class Places:
    """Folders.

    Attributes:
        configs: where groups of options are looked for, first to last.
        experiments: where recipes are looked for, first to last.
        data: what ``QLAB_DATA_DIR`` names, and what is in it.
        outputs: where results go unless ``output_dir=`` says so.
        outputs_writable: whether they can.
        outputs_free_gib: what is free there, in GiB; None where it cannot be known.
    """

    configs: list[str]
    experiments: list[str]
    data: str
    outputs: str
    outputs_writable: bool
    outputs_free_gib: float | None


def places() -> Places:
    """Look at the folders."""
    outputs = Path("outputs").absolute()
    return Places(
        configs=_listed(folders.own_conf(), folders.shipped_conf()),
        experiments=_listed(folders.own_experiments(), folders.shipped_experiments()),
        data=_data(),
        outputs=str(outputs),
        outputs_writable=writable(outputs),
        outputs_free_gib=_free_gib(outputs),
    )


def writable(folder: Path) -> bool:
    """Return whether files can be written to a folder, or to where it would be made."""
    existing = _existing(folder)
    return existing.is_dir() and os.access(existing, os.W_OK)


def _listed(*found: Path | None) -> list[str]:
    return [str(place) for place in found if place is not None]


def _data() -> str:
    root = os.environ.get("QLAB_DATA_DIR")
    if not root:
        return "not set; data files are given by dataset.path= or data_dir="
    if not Path(root).is_dir():
        return f"{root} is not a folder"
    try:
        inside = sorted(entry.name for entry in Path(root).iterdir() if entry.is_dir())
    except OSError as error:
        return f"{root} cannot be read: {error.strerror}"
    return f"{root}: {', '.join(inside) or 'empty'}"


def _free_gib(folder: Path) -> float | None:
    try:
        return round(shutil.disk_usage(_existing(folder)).free / 2**30, 1)
    except OSError:
        return None


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
