"""Encodings, ansatze, channels and checks, each in the words of its own docstring."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from markdown_cells import code, table, text

import qlab.testing
from qlab.circuits import ANSATZE, ENCODINGS
from qlab.noise import channels as noise_channels


def encodings() -> str:
    """Return a table of the encodings."""
    return table(("`head.encoding=`", "what it does"), [(code(name), _all(made)) for name, made in ENCODINGS.items()])


def ansatze() -> str:
    """Return a table of the ansatze."""
    return table(("`head.ansatz=`", "what it does"), [(code(name), _all(made)) for name, made in ANSATZE.items()])


def channels() -> str:
    """Return a section for every channel: its equation and its parameters."""
    found = [made for _, made in inspect.getmembers(noise_channels, inspect.isfunction) if _is_public(made)]
    shown = sorted((made for made in found if made.__module__ == noise_channels.__name__), key=_line)
    return "\n".join(f"### {made.__name__}\n\n{_body(made)}\n" for made in shown)


def checks() -> str:
    """Return for every kind of component its checks, and what each requires."""
    modules = sorted(found.name for found in pkgutil.iter_modules(qlab.testing.__path__) if found.name != "require")
    return "\n".join(_checks(f"qlab.testing.{name}") for name in modules)


def _checks(module: str) -> str:
    found = [made for name, made in inspect.getmembers(import_module(module)) if name.startswith("check_")]
    own = sorted((made for made in found if made.__module__ == module), key=_line)
    rows = [(code(made.__name__ + str(_signature(made))), _all(made)) for made in own]
    return f"## {module}\n\n{text(_first(import_module(module)))}\n\n{table(('check', 'what it requires'), rows)}"


def _signature(made: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(made)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return signature.replace(parameters=bare, return_annotation=signature.empty)


def _is_public(made: Callable[..., Any]) -> bool:
    return not made.__name__.startswith("_")


def _line(made: Callable[..., Any]) -> int:
    return inspect.getsourcelines(made)[1]


def _body(made: Callable[..., Any]) -> str:
    """Return a docstring up to what it raises, its arguments as a list."""
    about = (inspect.getdoc(made) or "").partition("\nRaises:")[0]
    described, _, arguments = about.partition("\nArgs:")
    lines = [text(paragraph) for paragraph in described.strip().split("\n\n")]
    listed = [f"- {text(line.strip())}" for line in arguments.strip().splitlines()]
    return "\n\n".join([*lines, "\n".join(listed)]).strip()


def _all(made: object) -> str:
    return text(inspect.getdoc(made) or "")


def _first(made: object) -> str:
    return (inspect.getdoc(made) or "").partition("\n")[0]
