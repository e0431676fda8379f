"""An extension of Sphinx that puts what is made from the code in place of its marks.

A mark is a comment on a line of its own, ``<!-- generated: NAME -->`` or ``<!-- generated: NAME ARGUMENT -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_tables
import component_tables
import experiment_sections
import gate_tables
import option_tables

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"^<!-- generated: (\w+)(?: ([^>]+?))? -->$", re.MULTILINE)


def file(path: str) -> str:
    """Return a file of the repository as a block of code with its name."""
    language = {".py": "python", ".toml": "toml"}[Path(path).suffix]
    return f"```{{code-block}} {language}\n:caption: {path}\n\n{(ROOT / path).read_text(encoding='utf-8')}```\n"


MAKERS: dict[str, Callable[..., str]] = {
    "ansatze": component_tables.ansatze,
    "channels": component_tables.channels,
    "checks": component_tables.checks,
    "commands": command_tables.commands,
    "encodings": component_tables.encodings,
    "experiment": experiment_sections.section,
    "file": file,
    "gates": gate_tables.gates,
    "group": option_tables.group,
    "listed": option_tables.listed,
    "recipes": experiment_sections.recipes,
    "scalars": option_tables.scalars,
}


def replace_marks(app: Sphinx, name: str, source: list[str]) -> None:
    """Replace every mark in the text of a page; one that nothing makes is an error."""
    source[0] = MARK.sub(lambda found: MAKERS[found[1]](*([found[2]] if found[2] else [])), source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension; pages are made anew in every build, for the code may have changed."""
    app.connect("source-read", replace_marks)
    app.connect("env-get-outdated", lambda *_: sorted(app.env.found_docs))
    return {"version": "1", "parallel_read_safe": True}
