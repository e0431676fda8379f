"""The settings of Sphinx; `make docs` builds the pages into docs/_build."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "generate"))

project = "qlab"
extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build"]
templates_path: list[str] = []
myst_heading_anchors = 3
nitpicky = True  # a reference that leads nowhere is a warning, and `make docs` takes warnings for errors
html_theme = "furo"
html_title = "qlab"
html_copy_source = False
html_show_sphinx = False
