"""One gate on its qubits, with what stands for its angles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlab.circuits.gates import GateSpec, Permutation, Phase, Rotation, spec_of
from qlab.circuits.slots import Input, Slot, Weight, finite
from qlab.errors import CircuitError


@dataclass(frozen=True)
class Gate:
    """A gate of PennyLane's vocabulary: ``Gate("CRX", (0, 1), (Weight(3),))``.

    Attributes:
        name: one of ``gates.GATES``.
        qubits: on which qubits, control first.
        angles: one slot per angle, in radians.

    Raises:
        CircuitError: unknown name, wrong number of qubits or angles, repeated qubit, constant that is not finite.
    """

    name: str
    qubits: tuple[int, ...]
    angles: tuple[Slot, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "qubits", tuple(_qubit(self.name, qubit) for qubit in self.qubits))
        object.__setattr__(self, "angles", tuple(_slot(angle) for angle in self.angles))
        spec = self.spec
        if spec.n_qubits is not None and len(self.qubits) != spec.n_qubits:
            raise CircuitError(f"{self.name} acts on {spec.n_qubits} qubits, not on {len(self.qubits)}: {self.qubits}")
        if len(set(self.qubits)) < len(self.qubits):
            raise CircuitError(f"{self.name} got the same qubit twice: {self.qubits}")
        if len(self.angles) != spec.n_angles:
            raise CircuitError(f"{self.name} takes {spec.n_angles} angles, not {len(self.angles)}")

    @property
    def spec(self) -> GateSpec:
        """The description of this kind of gate."""
        return spec_of(self.name)

    @staticmethod
    def of(item: Gate | Sequence[Any]) -> Gate:
        """Return the gate that ``("RX", 0, Weight(0))``, ``("CNOT", (0, 1))`` and the like stand for."""
        if isinstance(item, Gate):
            return item
        if isinstance(item, str) or not 2 <= len(item) <= 3:
            raise CircuitError(f"{item!r} is no gate; write (name, qubits) or (name, qubits, angles)")
        return Gate(item[0], as_tuple(item[1]), as_tuple(item[2]) if len(item) == 3 else ())

    def parts(self) -> Iterable[tuple[Rotation | Phase | Permutation, Slot]]:
        """Yield its parts on the circuit's qubits, each with the slot of its angle (0.0 for a permutation)."""
        for part in self.spec.parts:
            if isinstance(part, Permutation):
                yield Permutation(self._wires(part.qubits), part.table), 0.0
                continue
            factor, index = part.angle.factor, part.angle.index
            slot: Slot = factor if index is None else self.angles[index] * factor
            if isinstance(part, Rotation):
                yield Rotation(self.qubits[part.qubit], part.axis, part.angle), slot
            else:
                terms = {self._wires(key): value for key, value in part.terms.items()}
                yield Phase(self._wires(part.qubits), terms, part.angle), slot

    def _wires(self, places: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.qubits[place] for place in places)


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return the items of a sequence, or a tuple of the one value."""
    return tuple(value) if isinstance(value, tuple | list | range | np.ndarray) else (value,)


def _qubit(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise CircuitError(f"{name} got {value!r} for a qubit; qubits are 0, 1, 2, ...")
    return int(value)


def _slot(value: Any) -> Slot:
    return value if isinstance(value, Input | Weight) else finite(value)
