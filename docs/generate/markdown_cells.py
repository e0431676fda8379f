"""Tables and cells in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def text(value: str) -> str:
    """Return plain text as a cell or a paragraph: nothing in it is markup but code between double backticks."""
    pieces = " ".join(value.split()).split("``")
    return "".join(code(piece) if place % 2 else _escaped(piece) for place, piece in enumerate(pieces))


def code(value: str) -> str:
    """Return text as code in a cell."""
    return f"`{value}`".replace("|", "\\|") if value else ""


def _escaped(value: str) -> str:
    for mark in "\\|*_[]`":
        value = value.replace(mark, f"\\{mark}")
    return value.replace("<", "&lt;").replace(">", "&gt;")
