"""What the experiments are and gave, in the words of the recipes and of ``experiments/README.md``."""

from __future__ import annotations

import re

from markdown_cells import code, table, text

from qlab.config import folders
from qlab.config.catalogue import entries

NOTHING = "None yet.\n"


def recipes(pattern: str) -> str:
    """Return a table of the recipes that ``pattern`` is found in."""
    found = [entry for entry in entries("experiment") if entry.origin == "qlab" and _mentions(entry.name, pattern)]
    rows = [(code(f"-e {entry.name}"), text(entry.summary)) for entry in found]
    return table(("recipe", "what it is"), rows) if rows else NOTHING


def section(pattern: str) -> str:
    """Return the sections in whose heading ``pattern`` is found; nothing is claimed where there is none."""
    whole = (folders.shipped_experiments() / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^(?=## )", whole, flags=re.MULTILINE)[1:]
    found = [part for part in parts if re.search(pattern, part.partition("\n")[0], re.IGNORECASE)]
    return "\n".join(found) or f"## Results\n\n{NOTHING}"


def _mentions(name: str, pattern: str) -> bool:
    content = (folders.shipped_experiments() / f"{name}.yaml").read_text(encoding="utf-8")
    return re.search(pattern, f"{name}\n{content}", re.IGNORECASE) is not None
