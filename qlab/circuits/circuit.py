"""A circuit: an immutable list of gates whose angles are inputs, weights or constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from qlab.circuits.gate import Gate
from qlab.circuits.gates import shift_rule
from qlab.circuits.slots import Input, Slot, Weight
from qlab.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit

    from qlab.circuits.observables import PauliWord

AMPLITUDE = "AmplitudeEmbedding"


@dataclass(frozen=True, eq=False, init=False)
class Circuit:
    """Gates on ``n_qubits`` qubits that start in |0...0>; qubit 0 is the most significant bit of a basis state.

    A gate is written ``(name, qubits)`` or ``(name, qubits, angles)``::

        Circuit(3, [("RY", 0, Input(0)), ("CNOT", (0, 1)), ("RX", 1, Weight(0)), ("RZ", 2, 0.3)])

    ``("AmplitudeEmbedding", range(n))`` as the first gate prepares the state whose amplitudes are the inputs
    0 .. 2^n - 1, normalised. Circuits with the same gates are equal and have the same hash.

    Raises:
        CircuitError: a gate is wrong, or acts on a qubit that is not there.
    """

    n_qubits: int
    gates: tuple[Gate, ...]

    def __init__(self, n_qubits: int, gates: Iterable[Gate | Sequence[Any]]) -> None:
        if n_qubits < 1:
            raise CircuitError(f"a circuit has at least one qubit, not {n_qubits}")
        object.__setattr__(self, "n_qubits", int(n_qubits))
        object.__setattr__(self, "gates", tuple(Gate.of(item) for item in gates))
        for position, gate in enumerate(self.gates):
            self._check(position, gate)

    def _check(self, position: int, gate: Gate) -> None:
        outside = [qubit for qubit in gate.qubits if not 0 <= qubit < self.n_qubits]
        if outside:
            raise CircuitError(
                f"gate {position} ({gate.name}) acts on qubit {outside[0]}, but the circuit has qubits "
                f"0 to {self.n_qubits - 1}"
            )
        if gate.name == AMPLITUDE and position > 0:
            raise CircuitError(f"{AMPLITUDE} must be the first gate of a circuit, not gate {position}")
        if gate.name == AMPLITUDE and gate.qubits != tuple(range(self.n_qubits)):
            raise CircuitError(f"{AMPLITUDE} must be on all qubits in order, not on {gate.qubits}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circuit):
            return NotImplemented
        return self is other or (self._hash == other._hash and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        # Hashes of strings differ between processes, so the cached one must not travel.
        return Circuit, self._key

    @property
    def _key(self) -> tuple[int, tuple[Gate, ...]]:
        return self.n_qubits, self.gates

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @property
    def embeds_amplitudes(self) -> bool:
        """Whether it starts from a state whose amplitudes are inputs."""
        return bool(self.gates) and self.gates[0].name == AMPLITUDE

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All angles, gate by gate."""
        return tuple(angle for gate in self.gates for angle in gate.angles)

    @cached_property
    def n_inputs(self) -> int:
        """How many inputs a sample has: one more than the highest index."""
        used = (max(slot.indices) + 1 for slot in self.slots if isinstance(slot, Input))
        return max((2**self.n_qubits if self.embeds_amplitudes else 0, *used))

    @cached_property
    def n_weights(self) -> int:
        """How many weights it has: one more than the highest index."""
        return max((0, *(slot.index + 1 for slot in self.slots if isinstance(slot, Weight))))

    @cached_property
    def depth(self) -> int:
        """The number of gates on the longest path through it."""
        reached = [0] * self.n_qubits
        for gate in self.gates:
            level = 1 + max(reached[qubit] for qubit in gate.qubits)
            for qubit in gate.qubits:
                reached[qubit] = level
        return max(reached)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many gates of each name it has."""
        return MappingProxyType(dict(Counter(gate.name for gate in self.gates)))

    @property
    def two_qubit_gates(self) -> int:
        """How many gates act on two qubits."""
        return sum(gate.spec.n_qubits == 2 for gate in self.gates)

    @cached_property
    def shift_executions(self) -> int:
        """How many executions the gradient of one sample by the weights takes with the parameter-shift rule."""
        return self._shift_executions(Weight)

    @cached_property
    def input_shift_executions(self) -> int:
        """As ``shift_executions``, by the inputs that are angles."""
        return self._shift_executions(Input)

    def _shift_executions(self, kind: type[Slot]) -> int:
        return sum(
            len(shift_rule(frequencies))
            for gate in self.gates
            for angle, frequencies in zip(gate.angles, gate.spec.frequencies, strict=True)
            if isinstance(angle, kind)
        )

    @cached_property
    def by_angle(self) -> tuple[Circuit, tuple[Slot, ...]]:
        """The circuit with an input of its own for every angle that is no constant, and the slots it replaces.

        Angle number a becomes input ``first + a``, where ``first`` is 0, or 2^n where inputs are amplitudes.
        """
        first = 2**self.n_qubits if self.embeds_amplitudes else 0
        replaced: list[Slot] = []
        gates = []
        for gate in self.gates:
            angles: list[Slot] = []
            for angle in gate.angles:
                if isinstance(angle, float):
                    angles.append(angle)
                    continue
                angles.append(Input(first + len(replaced)))
                replaced.append(angle)
            gates.append(Gate(gate.name, gate.qubits, tuple(angles)))
        return Circuit(self.n_qubits, gates), tuple(replaced)

    def to_pennylane(self, observables: Sequence[PauliWord | str] | None = None) -> Callable[..., Any]:
        """Return a quantum function of (inputs, weights); see ``qlab.circuits.pennylane.to_pennylane``."""
        from qlab.circuits.pennylane import to_pennylane

        return to_pennylane(self, observables)

    @staticmethod
    def from_pennylane(source: Any, *arguments: Any) -> Circuit:
        """Return the circuit of a tape, QNode or quantum function; see ``qlab.circuits.pennylane.from_pennylane``."""
        from qlab.circuits.pennylane import from_pennylane

        return from_pennylane(source, *arguments)

    def to_qiskit(
        self, inputs: Sequence[float] | None = None, weights: Sequence[float] | None = None
    ) -> QuantumCircuit:
        """Return it for Qiskit, with parameters or numbers; see ``qlab.circuits.qiskit.to_qiskit``."""
        from qlab.circuits.qiskit import to_qiskit

        return to_qiskit(self, inputs, weights)

    def draw(self) -> str:
        """Return a drawing in text, one line of wire per qubit."""
        from qlab.circuits.qiskit import draw

        return draw(self)
