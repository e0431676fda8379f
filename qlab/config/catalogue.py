"""What there is to choose from, for people: every option of every group with one line about it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from qlab.config import folders, registry, sources
from qlab.errors import RequestError, UnknownNameError

GROUPS = (sources.EXPERIMENT, *sources.GROUPS)


@dataclass(frozen=True)
class Entry:
    """One option of a group.

    Attributes:
        group: the group, e.g. ``head``.
        name: what to write after ``group=``.
        summary: one line.
        origin: ``qlab``, ``yours`` (from the working directory), or the package that adds it.
    """

    group: str
    name: str
    summary: str
    origin: str


def entries(group: str | None = None) -> list[Entry]:
    """Return the options of one group or of all, sorted within each group.

    Raises:
        UnknownNameError: there is no such group.
    """
    if group is not None and group not in GROUPS:
        raise UnknownNameError("group", group, GROUPS)
    return [entry for each in GROUPS if group in (None, each) for entry in _entries(each)]


def text(wanted: str) -> str:
    """Return the YAML text of ``GROUP/NAME``, or of ``NAME`` where only one group has it.

    Raises:
        UnknownNameError: there is none.
        RequestError: several groups have it.
    """
    group, _, name = wanted.rpartition("/")
    matches = [entry for entry in entries(group or None) if entry.name == name]
    if not matches:
        known = entries(group or None)
        raise UnknownNameError("config", wanted, [f"{entry.group}/{entry.name}" for entry in known])
    if len(matches) > 1:
        raise RequestError(f"'{name}' is in several groups: {', '.join(f'{entry.group}/{name}' for entry in matches)}")
    return _yaml(matches[0])


def _entries(group: str) -> list[Entry]:
    found: dict[str, Entry] = {}
    for folder, origin in _folders(group):
        for file in folder.glob("*.yaml"):
            found.setdefault(file.stem, Entry(group, file.stem, _summary(file), origin))
    if group in registry.ENTRY_POINT_GROUPS:
        for name in registry.plugins(group):
            about = inspect.getdoc(registry.options_class(group, name)) or ""
            found.setdefault(name, Entry(group, name, about.partition("\n")[0], registry.origin(group, name) or ""))
    return [found[name] for name in sorted(found)]


def _folders(group: str) -> list[tuple[Path, str]]:
    if group == sources.EXPERIMENT:
        return [(f, o) for f, o in ((folders.own_experiments(), "yours"), (folders.shipped_experiments(), "qlab")) if f]
    return [(f / group, o) for f, o in ((folders.own_conf(), "yours"), (folders.shipped_conf(), "qlab")) if f]


def _summary(file: Path) -> str:
    try:
        first = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _yaml(entry: Entry) -> str:
    for folder, origin in _folders(entry.group):
        file = folder / f"{entry.name}.yaml"
        if origin == entry.origin and file.is_file():
            return file.read_text(encoding="utf-8", errors="replace")
    return f"name: {entry.name}\n" + OmegaConf.to_yaml(
        OmegaConf.structured(registry.options_class(entry.group, entry.name))
    )
