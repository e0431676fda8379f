"""qlab: experiments in hybrid quantum-classical machine learning.

The public surface is what ``__all__`` names; each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlab.api import attack, compare, evaluate, load, results, sweep, train
    from qlab.circuits import Circuit, Input, Weight
    from qlab.engine import expectations

__all__ = [
    "Circuit", "Input", "Weight", "attack", "compare", "evaluate", "expectations", "load", "results", "sweep", "train"
]  # fmt: skip
_HOME = {
    **dict.fromkeys(("attack", "compare", "evaluate", "load", "results", "sweep", "train"), "qlab.api"),
    **dict.fromkeys(("Circuit", "Input", "Weight"), "qlab.circuits"),
    "expectations": "qlab.engine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qlab' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, *globals()]
