"""The gates that a circuit may use, each described once.

A gate is a sequence of parts of three kinds, exact up to a global phase, which no expectation value sees:

    Rotation     exp(-i angle/2 (x X + y Y + z Z)) of one qubit about the unit axis (x, y, z)
    Phase        exp(+i angle * sum_t c_t Z_t), diagonal: real coefficients c_t of products Z_t of Z on some qubits
    Permutation  moves basis states: basis state j of its qubits becomes table[j]

Every two-qubit gate of the table is a phase or a permutation between fixed rotations that change the basis: CRX, for
instance, is CRZ between two Hadamards of the target. So whoever executes the three kinds executes every gate.

Conventions are PennyLane's; the first qubit of a gate is the most significant bit of its basis states.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from qlab.errors import CircuitError, did_you_mean

Axis = tuple[float, float, float]
Terms = Mapping[tuple[int, ...], float]


@dataclass(frozen=True)
class Angle:
    """``factor`` radians, or ``factor`` times angle number ``index`` of the gate."""

    factor: float
    index: int | None = None


@dataclass(frozen=True)
class Rotation:
    """exp(-i angle/2 axis.sigma) of ``qubit``; the axis has unit length."""

    qubit: int
    axis: Axis
    angle: Angle


@dataclass(frozen=True)
class Phase:
    """exp(+i angle sum_t c_t Z_t); ``terms`` gives c_t for each tuple t of qubits."""

    qubits: tuple[int, ...]
    terms: Terms
    angle: Angle


@dataclass(frozen=True)
class Permutation:
    """Basis state j of ``qubits`` becomes basis state ``table[j]``."""

    qubits: tuple[int, ...]
    table: tuple[int, ...]


Part = Rotation | Phase | Permutation


@dataclass(frozen=True)
class GateSpec:
    """What a gate is.

    Attributes:
        n_qubits: on how many qubits it acts; None: on all of the circuit.
        parts: what it consists of, first executed first; empty for a state preparation.
        frequencies: for each angle the frequencies of an expectation value as a function of it: the differences of
            the eigenvalues of the gate's generator. They determine the parameter-shift rule.
    """

    name: str
    n_qubits: int | None
    parts: tuple[Part, ...]
    frequencies: tuple[tuple[float, ...], ...] = ()

    @property
    def n_angles(self) -> int:
        """How many angles it takes."""
        return len(self.frequencies)

    @property
    def is_diagonal(self) -> bool:
        """Whether it only multiplies basis states with phases."""
        return bool(self.parts) and all(_is_diagonal(part) for part in self.parts)


def _is_diagonal(part: Part) -> bool:
    return isinstance(part, Phase) or (isinstance(part, Rotation) and part.axis == Z)


X: Axis = (1.0, 0.0, 0.0)
Y: Axis = (0.0, 1.0, 0.0)
Z: Axis = (0.0, 0.0, 1.0)
_HALF = math.sqrt(0.5)
_XZ: Axis = (_HALF, 0.0, _HALF)  # half a turn about it exchanges the X and Z axes: the Hadamard gate
_YZ: Axis = (0.0, _HALF, _HALF)  # ... the Y and Z axes

CNOT_TABLE = (0, 1, 3, 2)
SWAP_TABLE = (0, 2, 1, 3)
TOFFOLI_TABLE = (0, 1, 2, 3, 4, 5, 7, 6)
CSWAP_TABLE = (0, 1, 2, 3, 4, 6, 5, 7)
_BOTH_ONE: Terms = {(0,): -0.25, (1,): -0.25, (0, 1): 0.25}  # |11><11| without its identity part
_CONTROLLED_Z: Terms = {(1,): -0.25, (0, 1): 0.25}  # -1/2 |1><1| Z: the generator of CRZ
_ZZ: Terms = {(0, 1): -0.5}

_FREE = Angle(1.0, 0)
_UNIT = (1.0,)  # eigenvalues -1/2 and 1/2, or 0 and 1
_CONTROLLED = (0.5, 1.0)  # eigenvalues -1/2, 0 and 1/2


def _turn(axis: Axis, radians: float, qubit: int = 0) -> Rotation:
    return Rotation(qubit, axis, Angle(radians))


def _pair(terms: Terms, angle: Angle = _FREE) -> Phase:
    return Phase((0, 1), MappingProxyType(dict(terms)), angle)


def _between(axis: Axis, part: Part, *qubits: int) -> tuple[Part, ...]:
    """Return ``part`` between half turns of ``qubits``, which exchange its axis for another."""
    basis = tuple(_turn(axis, math.pi, qubit) for qubit in qubits)
    return (*basis, part, *basis)


_CNOT = Permutation((0, 1), CNOT_TABLE)
_SWAP = Permutation((0, 1), SWAP_TABLE)


def _controlled_rotations(*axes: str) -> tuple[Part, ...]:
    """Return controlled rotations of qubit 1 about X, Y or Z, one angle each."""
    parts: list[Part] = []
    for index, axis in enumerate(axes):
        rotation = _pair(_CONTROLLED_Z, Angle(1.0, index))
        parts += {"X": _between(_XZ, rotation, 1), "Y": _between(_YZ, rotation, 1), "Z": (rotation,)}[axis]
    return tuple(parts)


GATES: Mapping[str, GateSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            GateSpec("AmplitudeEmbedding", None, ()),
            GateSpec("Hadamard", 1, (_turn(_XZ, math.pi),)),
            GateSpec("PauliX", 1, (_turn(X, math.pi),)),
            GateSpec("PauliY", 1, (_turn(Y, math.pi),)),
            GateSpec("PauliZ", 1, (_turn(Z, math.pi),)),
            GateSpec("S", 1, (_turn(Z, math.pi / 2),)),
            GateSpec("Adjoint(S)", 1, (_turn(Z, -math.pi / 2),)),
            GateSpec("T", 1, (_turn(Z, math.pi / 4),)),
            GateSpec("Adjoint(T)", 1, (_turn(Z, -math.pi / 4),)),
            GateSpec("SX", 1, (_turn(X, math.pi / 2),)),
            GateSpec("Adjoint(SX)", 1, (_turn(X, -math.pi / 2),)),
            GateSpec("RX", 1, (Rotation(0, X, _FREE),), (_UNIT,)),
            GateSpec("RY", 1, (Rotation(0, Y, _FREE),), (_UNIT,)),
            GateSpec("RZ", 1, (Rotation(0, Z, _FREE),), (_UNIT,)),
            GateSpec("PhaseShift", 1, (Rotation(0, Z, _FREE),), (_UNIT,)),
            GateSpec("Rot", 1, tuple(Rotation(0, a, Angle(1.0, i)) for i, a in enumerate((Z, Y, Z))), (_UNIT,) * 3),
            GateSpec("CNOT", 2, (_CNOT,)),
            GateSpec("CY", 2, (_turn(Z, -math.pi / 2, 1), _CNOT, _turn(Z, math.pi / 2, 1))),
            GateSpec("CZ", 2, (_pair(_BOTH_ONE, Angle(math.pi)),)),
            GateSpec(
                "CH",
                2,
                (_turn(Y, -math.pi / 4, 1), _pair(_BOTH_ONE, Angle(math.pi)), _turn(Y, math.pi / 4, 1)),
            ),
            GateSpec("SWAP", 2, (_SWAP,)),
            GateSpec("ISWAP", 2, (_pair(_ZZ, Angle(math.pi / 2)), _SWAP)),
            GateSpec("ECR", 2, (*_between(_XZ, _pair(_ZZ, Angle(math.pi / 2)), 1), _turn(X, math.pi))),
            GateSpec("CRX", 2, _controlled_rotations("X"), (_CONTROLLED,)),
            GateSpec("CRY", 2, _controlled_rotations("Y"), (_CONTROLLED,)),
            GateSpec("CRZ", 2, _controlled_rotations("Z"), (_CONTROLLED,)),
            GateSpec("CRot", 2, _controlled_rotations("Z", "Y", "Z"), (_CONTROLLED,) * 3),
            GateSpec("ControlledPhaseShift", 2, (_pair(_BOTH_ONE),), (_UNIT,)),
            GateSpec("IsingXX", 2, _between(_XZ, _pair(_ZZ), 0, 1), (_UNIT,)),
            GateSpec("IsingYY", 2, _between(_YZ, _pair(_ZZ), 0, 1), (_UNIT,)),
            GateSpec("IsingZZ", 2, (_pair(_ZZ),), (_UNIT,)),
            GateSpec("Toffoli", 3, (Permutation((0, 1, 2), TOFFOLI_TABLE),)),
            GateSpec("CSWAP", 3, (Permutation((0, 1, 2), CSWAP_TABLE),)),
        )
    }
)


def spec_of(name: str) -> GateSpec:
    """Return the description of a gate.

    Raises:
        CircuitError: there is no such gate; the message offers the nearest name.
    """
    if name not in GATES:
        raise CircuitError(f"unknown gate '{name}'{did_you_mean(name, GATES)}; known: {', '.join(GATES)}")
    return GATES[name]


def shift_rule(frequencies: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Return (coefficient, shift in radians) pairs whose sum of c f(angle + s) is the derivative f'(angle).

    Holds for frequencies f, 2f, ..., Rf and takes 2R terms (the equidistant rule of arXiv:2107.12390).
    """
    count, unit = len(frequencies), min(frequencies)
    assert all(math.isclose(value, (i + 1) * unit) for i, value in enumerate(sorted(frequencies)))
    rule = []
    for mu in range(1, 2 * count + 1):
        shift = (2 * mu - 1) * math.pi / (2 * count)
        rule.append((unit * (-1) ** (mu - 1) / (4 * count * math.sin(shift / 2) ** 2), shift / unit))
    return tuple(rule)
