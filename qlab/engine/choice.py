"""Which of the simulator's paths executes a circuit."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

import torch

from qlab.circuits.circuit import Circuit
from qlab.errors import OptionError

Path = Literal["compiled", "torch"]
Method = Literal["auto", "compiled", "torch"]


def choose(circuit: Circuit, batch: int, device: torch.device, method: Method = "auto") -> Path:
    """Return the path that executes ``circuit`` on ``batch`` samples.

    On the CPU that is the compiled one, which was faster than PyTorch wherever both were timed, at 2 to 20 qubits, and
    not slower than one matrix for all gates behind the encoding, at 2 to 8 qubits and up to 4,096 samples.

    Raises:
        OptionError: the compiled path is wanted on another device, or without Numba, or there is no such method.
    """
    if method not in ("auto", "compiled", "torch"):
        raise OptionError(f"method must be auto, compiled or torch, not {method!r}")
    possible = device.type == "cpu" and has_numba()
    if method == "compiled" and not possible:
        lacking = "Numba is not installed" if device.type == "cpu" else f"it does not run on {device}"
        raise OptionError(f"method=compiled is not possible: {lacking}; method=torch is")
    return "compiled" if possible and method != "torch" else "torch"


@lru_cache(maxsize=1)
def has_numba() -> bool:
    """Return whether Numba is installed; it is not imported."""
    return find_spec("numba") is not None
