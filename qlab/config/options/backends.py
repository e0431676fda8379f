"""Options of the backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option


@dataclass
class Engine:
    """The simulator of qlab: exact expectation values, adjoint gradients."""

    FACTORY: ClassVar[str] = "qlab.backends.engine:EngineBackend"

    precision: str = option("single", "complex64 or complex128", choices=("single", "double"))
    method: str = option("auto", "machine code, or PyTorch", choices=("auto", "compiled", "torch"))


@dataclass
class PennyLane:
    """Any PennyLane device by its name."""

    FACTORY: ClassVar[str] = "qlab.backends.pennylane:PennyLaneBackend"

    device: str = option("default.qubit", "name of the device")
    gradient: str = option(
        "best", "how the device differentiates", choices=("best", "backprop", "adjoint", "parameter-shift")
    )
