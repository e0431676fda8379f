"""Options of the backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option


@dataclass
class Engine:
    """The simulator of qlab: exact expectation values, adjoint gradients, noise, shots."""

    FACTORY: ClassVar[str] = "qlab.backends.engine:EngineBackend"

    precision: str = option("single", "complex64 or complex128", choices=("single", "double"))
    method: str = option("auto", "machine code, or PyTorch", choices=("auto", "compiled", "torch"))
    simulation: str = option(
        "auto", "what executes noise", choices=("auto", "density", "trajectories"), with_noise_only=True
    )
    trajectories: int | None = option(
        None, "trajectories per sample; null: as many as standard_error needs", at_least=2, with_noise_only=True
    )
    standard_error: float = option(
        0.01, "largest standard error of an expectation value from trajectories", above=0, with_noise_only=True
    )
    shots: int | None = option(None, "measurements per sample; null: exact values", at_least=1, with_noise_only=True)
    seed: int = option(0, "of trajectories and shots", at_least=0, at_most=2**32 - 1, with_noise_only=True)


@dataclass
class PennyLane:
    """Any PennyLane device by its name."""

    FACTORY: ClassVar[str] = "qlab.backends.pennylane:PennyLaneBackend"

    device: str = option("default.qubit", "name of the device")
    gradient: str = option(
        "best", "how the device differentiates", choices=("best", "backprop", "adjoint", "parameter-shift")
    )


@dataclass
class Aer:
    """Qiskit Aer: noise models, exact or with shots; without gradients."""

    FACTORY: ClassVar[str] = "qlab.backends.aer:AerBackend"

    method: str = option("density_matrix", "what is simulated", choices=("density_matrix", "statevector"))
    precision: str = option("double", "of the numbers", choices=("single", "double"))
    trajectories: int = option(
        1000, "state vectors per sample where noise is executed without shots", at_least=2, with_noise_only=True
    )
    shots: int | None = option(
        None, "measurements per sample; null: expectation values", at_least=1, with_noise_only=True
    )
    seed: int = option(0, "of trajectories and shots", at_least=0, at_most=2**32 - 1, with_noise_only=True)
