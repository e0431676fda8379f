"""What the tests of the documentation share."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs" / "generate"))  # as Sphinx does, see docs/conf.py
