"""Results on standard output: a table for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    print()


def print_facts(title: str, facts: Mapping[str, str]) -> None:
    """Print a table of two columns, one row per fact."""
    print_table(title, ("", ""), list(facts.items()))


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns are as wide as their content where the terminal allows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", show_header=any(header))
    for position, name in enumerate(header):
        table.add_column(name, style="cyan" if position == 0 else None, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
