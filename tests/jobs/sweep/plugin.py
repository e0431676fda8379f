"""A head that behaves badly when it is trained, as an installed package would add it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CODE = '''
import os
from dataclasses import dataclass
from typing import ClassVar
import torch
from qlab.config.options.option import option
from qlab.heads.head import Head, linear

@dataclass
class Options:
    """A linear layer that behaves badly."""
    FACTORY: ClassVar[str] = "bad_heads:Bad"
    how: str = option("not", "when it is trained")
    after: int = option(1, "steps")
    n_qubits: int = option(3, "not used")
    n_layers: int = option(1, "not used")

class Bad(Head):
    def __init__(self, n_features, n_classes, backend, generator, *, how, after, n_qubits, n_layers):
        super().__init__()
        self.layer, self.how, self.after = linear(n_features, n_classes, generator), how, after
    def forward(self, features):
        self.after -= 1
        if self.training and self.after < 0:
            if self.how == "raise":
                raise ValueError("bad on purpose")
            if self.how == "exit":
                os._exit(7)
            if self.how == "sys.exit":
                raise SystemExit(3)
            if self.how == "memory":
                torch.empty(2**60)
        return self.layer(features)
'''
METADATA = "Metadata-Version: 2.1\nName: bad-heads\nVersion: 1.0\n"


def install(folder: Path) -> dict[str, str]:
    """Lay out the package in ``folder``; return the environment of processes that are to find it."""
    metadata = folder / "bad_heads-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(METADATA)
    (metadata / "entry_points.txt").write_text("[qlab.heads]\nbad = bad_heads:Options\n")
    (folder / "bad_heads.py").write_text(CODE)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
