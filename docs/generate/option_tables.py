"""Every option of every config with its default, its range and its meaning, from the files and the dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import yaml
from markdown_cells import code, table, text

from qlab.config import folders, registry
from qlab.config.catalogue import entries
from qlab.config.options.option import Range
from qlab.config.options.trainer import Trainer

HEADER = ("option", "default", "range", "what it is")


def group(name: str) -> str:
    """Return a section for every choice of a group."""
    return "\n".join(_section(name, entry.name, entry.summary) for entry in entries(name) if entry.origin == "qlab")


def scalars(reference: str) -> str:
    """Return the table of the options of a dataclass, ``module:Class``."""
    module, _, name = reference.partition(":")
    options: type[Any] = getattr(import_module(module), name)
    defaults = {field.name: getattr(options(), field.name) for field in dataclasses.fields(options)}
    return table(HEADER, list(_rows("", options, defaults)))


def listed(group: str) -> str:
    """Return a table of what there is to choose from in a group."""
    found = [entry for entry in entries(group) if entry.origin == "qlab"]
    return table(("choice", "what it is"), [(code(f"{group}={entry.name}"), text(entry.summary)) for entry in found])


def _section(group: str, name: str, summary: str) -> str:
    values = yaml.safe_load((folders.shipped_conf() / group / f"{name}.yaml").read_text(encoding="utf-8"))
    options: type[Any] = Trainer if group == "trainer" else registry.options_class(group, values.pop("name"))
    rows = list(_rows(f"{group}.", options, values))
    return f"### {group}={name}\n\n{text(summary)}\n\n" + (table(HEADER, rows) if rows else "It has no options.\n")


def _rows(prefix: str, options: type[Any], defaults: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for field in dataclasses.fields(options):
        if field.name not in defaults:
            continue
        allowed = field.metadata.get("range") or Range()
        meaning = text(field.metadata.get("help", ""))
        yield f"`{prefix}{field.name}`", code(_plain(defaults[field.name])), _range(allowed, str(field.type)), meaning


def _range(allowed: Range, kind: str) -> str:
    if allowed.choices:
        return ", ".join(code(str(choice)) for choice in allowed.choices)
    bounds = {"at least": allowed.at_least, "above": allowed.above, "at most": allowed.at_most}
    stated = [f"{word} {_number(bound)}" for word, bound in bounds.items() if bound is not None]
    return ", ".join([text(kind.replace(" | None", " or null")), *stated])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, list | dict):
        return yaml.safe_dump(value, default_flow_style=True, width=1000).strip()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
