"""Every command with its help, its example and its options, from the command line itself."""

from __future__ import annotations

import inspect
from typing import Any

import typer.main
from markdown_cells import code, table, text

from qlab.cli.main import app


def commands() -> str:
    """Return a section for every command, in the order of ``qlab --help``."""
    group: Any = typer.main.get_group(app)
    return "\n".join(_section(name, command) for name, command in group.commands.items())


def _section(name: str, command: Any) -> str:
    about, _, example = inspect.cleandoc(command.help).partition("Example:")
    paragraphs = [text(paragraph) for paragraph in about.strip().split("\n\n")]
    parts = [f"## qlab {name}", *paragraphs, f"```text\n{example.strip()}\n```", _parameters(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parameters(command: Any) -> str:
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    return table(("argument", "value", "default", "what it does"), rows) if rows else ""


def _row(parameter: Any) -> tuple[str, str, str, str]:
    is_option = parameter.opts[0].startswith("-")
    names = ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len, reverse=True))
    shown = names if is_option else code(parameter.metavar or parameter.name.upper())
    value = (
        ""
        if not is_option or parameter.is_flag
        else code(parameter.metavar or parameter.type_descriptor.annotation.__name__.upper())
    )
    default = parameter.default
    given = "" if default in (None, False, ()) or callable(default) else code(_plain(default))
    return shown, value, given, text(parameter.help or "")


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
