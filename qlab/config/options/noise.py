"""Options of the noise models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from qlab.config.options.option import option


@dataclass
class NoNoise:
    """No noise."""

    FACTORY: ClassVar[str] = "qlab.noise.models:none"


@dataclass
class GateOptions:
    """Which gates a model follows."""

    gates: list[str] | None = option(None, "names of the gates that are noisy, e.g. [CNOT,RX]; null: all")


@dataclass
class Depolarizing(GateOptions):
    """Any Pauli error with the same probability, after every gate."""

    FACTORY: ClassVar[str] = "qlab.noise.models:depolarizing"

    p: float = option(0.002, "probability that a gate on one qubit errs", at_least=0, at_most=1)
    p2: float | None = option(None, "probability that a gate on two qubits errs; null: p", at_least=0, at_most=1)


@dataclass
class Dephasing(GateOptions):
    """Phase flips Z after every gate, on each of its qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:dephasing"

    p: float = option(0.002, "probability of a flip", at_least=0, at_most=1)


@dataclass
class BitFlip(GateOptions):
    """Bit flips X after every gate, on each of its qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:bit_flip"

    p: float = option(0.002, "probability of a flip", at_least=0, at_most=1)


@dataclass
class Pauli(GateOptions):
    """Errors X, Y and Z with a probability each, after every gate, on each of its qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:pauli"

    px: float = option(0.0005, "probability of X", at_least=0, at_most=1)
    py: float = option(0.0005, "probability of Y", at_least=0, at_most=1)
    pz: float = option(0.001, "probability of Z", at_least=0, at_most=1)


@dataclass
class AmplitudeDamping(GateOptions):
    """Decays of 1 into 0 after every gate, on each of its qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:amplitude_damping"

    gamma: float = option(0.002, "probability of a decay", at_least=0, at_most=1)


@dataclass
class PhaseDamping(GateOptions):
    """Loss of phase after every gate, on each of its qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:phase_damping"

    gamma: float = option(0.004, "coherences shrink by sqrt(1 - gamma)", at_least=0, at_most=1)


@dataclass
class ThermalRelaxation(GateOptions):
    """Relaxation and loss of phase while a gate lasts, from T1 and T2."""

    FACTORY: ClassVar[str] = "qlab.noise.models:thermal_relaxation"

    t1: float = option(100.0, "relaxation time, microseconds", above=0)
    t2: float = option(80.0, "coherence time, microseconds, at most 2 t1", above=0)
    time_1q: float = option(50.0, "how long a gate on one qubit takes, nanoseconds", at_least=0)
    time_2q: float = option(300.0, "how long a gate on more qubits takes, nanoseconds", at_least=0)
    excited: float = option(0.0, "probability of 1 in equilibrium", at_least=0, at_most=1)


@dataclass
class OverRotation(GateOptions):
    """A coherent error: gates turn too far."""

    FACTORY: ClassVar[str] = "qlab.noise.models:over_rotation"

    fraction: float = option(0.02, "of every angle that is added", at_least=-1, at_most=1)


@dataclass
class Readout:
    """Wrong readings of qubits."""

    FACTORY: ClassVar[str] = "qlab.noise.models:readout"

    flip: float | None = option(
        None, "probability to read the wrong value; null: 0.02 where nothing else is said", at_least=0, at_most=1
    )
    p01: float | None = option(None, "probability to read 0 of a 1; null: flip", at_least=0, at_most=1)
    p10: float | None = option(None, "probability to read 1 of a 0; null: flip", at_least=0, at_most=1)
    path: str | None = option(None, "JSON or npz file of a confusion matrix per qubit instead", is_path=True)


@dataclass
class Lego(GateOptions):
    """Depolarizing, dephasing and readout error, as Quantum LEGO Learning names them."""

    FACTORY: ClassVar[str] = "qlab.noise.models:lego"

    p: float = option(0.002, "probability that a gate errs; the paper: 0.001 to 0.003", at_least=0, at_most=1)
    dephasing: float = option(0.002, "probability of a phase flip; not in the paper", at_least=0, at_most=1)
    flip: float = option(0.02, "probability to read the wrong value; not in the paper", at_least=0, at_most=1)


@dataclass
class Composed:
    """Several models, one after the other."""

    FACTORY: ClassVar[str] = "qlab.config.composed_noise:composed"

    parts: list[dict[str, Any]] = option(
        [{"name": "depolarizing"}, {"name": "readout"}], "models by name with their options", parts_of="noise"
    )


@dataclass
class Device:
    """The calibrated noise of an IBM device, on the circuit as that device would execute it."""

    FACTORY: ClassVar[str] = "qlab.noise.device:DeviceNoise"

    device: str = option("fake_torino", "fake_torino and others without an account, or an IBM device")
    gate_errors: bool = option(True, "errors and relaxation after gates")
    readout: bool = option(True, "wrong readings of qubits")
    seed: int = option(0, "seed of the choice of qubits and of the routing", at_least=0, at_most=2**32 - 1)
