"""Recipes of a user's own that take a fraction of a second."""

from __future__ import annotations

from pathlib import Path

LINEAR = """# A linear layer on digits
defaults:
  - override /dataset: digits
  - override /head: linear

dataset: {n_train: 20, n_val: 10, n_test: 10}
encoder: {n_features: 2}
trainer: {epochs: 1}
"""
CIRCUIT = """# Two qubits
defaults:
  - override /dataset: digits
  - override /head: vqc

dataset: {n_train: 10, n_val: 10, n_test: 10}
head: {n_qubits: 2, n_layers: 1}
backend: {method: torch}
trainer: {epochs: 1}
"""


def write_recipe(workplace: Path, name: str, text: str = LINEAR) -> Path:
    """Write a recipe into ./experiments/regression and return its file."""
    file = workplace / "experiments" / "regression" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def expectation(workplace: Path, name: str) -> Path:
    """Return the file of what a recipe is expected to give."""
    return workplace / "experiments" / "regression" / "expected" / f"{name}.json"
