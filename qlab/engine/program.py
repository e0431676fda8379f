"""A circuit rewritten into few steps on the whole state.

Gates are exact sequences of rotations, phases and permutations (``qlab.circuits.gates``). Those that commute are
collected into layers, first come first served:

    RotationLayer     one merged rotation per qubit
    PhaseLayer        all diagonal gates between two other layers: one phase per basis state
    PermutationLayer  a whole network of CNOT, SWAP, Toffoli: one index of basis states

The first rotation layer acts on |0...0>, so it gives a product state and costs nothing. A merged rotation or phase is
*shared* when only weights and constants enter it: the same for all samples; else it is *per sample*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qlab.circuits.circuit import Circuit
from qlab.circuits.gates import Axis, Part, Permutation, Phase, Rotation, Terms, Z
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot
from qlab.engine.bits import mask_of
from qlab.engine.pruning import PartAndSlot, Word, all_parts, prune, qubits_of

Run = list[tuple[Axis, Slot]]


@dataclass
class RotationLayer:
    """Consecutive rotations of each qubit, first executed first."""

    runs: dict[int, Run] = field(default_factory=dict)

    def add(self, part: Part, slot: Slot, n_qubits: int) -> None:
        """Append a rotation."""
        assert isinstance(part, Rotation)
        self.runs.setdefault(part.qubit, []).append((part.axis, slot))


@dataclass
class PhaseLayer:
    """Phases exp(i sum_m c_m (-1)^|x & m|) of basis states x: (mask m, slot of c_m) pairs."""

    shared: list[tuple[int, Slot]] = field(default_factory=list)
    per_sample: list[tuple[int, Slot]] = field(default_factory=list)

    def add(self, part: Part, slot: Slot, n_qubits: int) -> None:
        """Multiply by a diagonal part."""
        assert not isinstance(part, Permutation)
        terms: Terms = {(part.qubit,): -0.5} if isinstance(part, Rotation) else part.terms
        chosen = self.per_sample if isinstance(slot, Input) else self.shared
        for qubits, coefficient in terms.items():
            _add_term(chosen, mask_of(qubits, n_qubits), slot * coefficient)


@dataclass
class PermutationLayer:
    """Permutations of basis states, first executed first."""

    parts: list[Permutation] = field(default_factory=list)

    def add(self, part: Part, slot: Slot, n_qubits: int) -> None:
        """Append a permutation."""
        assert isinstance(part, Permutation)
        self.parts.append(part)


Layer = RotationLayer | PhaseLayer | PermutationLayer


@dataclass(frozen=True, eq=False)
class Program:
    """What the simulator executes.

    Attributes:
        n_qubits: of the state.
        start: rotations of |0...0>; None where the first 2^n inputs are the amplitudes of the first state.
        layers: executed in order.
        words: measured at the end.
    """

    n_qubits: int
    start: RotationLayer | None
    layers: tuple[Layer, ...]
    words: tuple[Word, ...]


def compile_program(circuit: Circuit, observables: Sequence[PauliWord] | None) -> Program:
    """Return the steps that give the expectation values of ``observables`` after ``circuit``.

    None asks for the final state itself, which depends on every gate.
    """
    parts, words = (all_parts(circuit), []) if observables is None else prune(circuit, observables)
    first = None if circuit.embeds_amplitudes else RotationLayer()
    layers = _schedule(parts, circuit.n_qubits, first)
    return Program(circuit.n_qubits, first, tuple(layers), tuple(words))


def _schedule(parts: Sequence[PartAndSlot], n_qubits: int, first: RotationLayer | None) -> list[Layer]:
    layers: list[Layer] = [] if first is None else [first]
    last = [len(layers) - 1] * n_qubits  # the layer that touched each qubit last
    following = _following(parts, n_qubits)
    for (part, slot), after in zip(parts, following, strict=True):
        qubits = qubits_of(part)
        earliest = max(last[qubit] for qubit in qubits)
        before = layers[earliest] if earliest >= 0 else None
        kind = _kind(part, slot, before, after)
        place = next((i for i in range(max(earliest, 0), len(layers)) if isinstance(layers[i], kind)), len(layers))
        if place == len(layers):
            layers.append(kind())
        layers[place].add(part, slot, n_qubits)
        for qubit in qubits:
            last[qubit] = place
    return layers if first is None else layers[1:]


def _following(parts: Sequence[PartAndSlot], n_qubits: int) -> list[Part | None]:
    """Return for each part what comes next on its first qubit."""
    coming: list[Part | None] = [None] * n_qubits
    following: list[Part | None] = []
    for part, _ in reversed(parts):
        following.append(coming[qubits_of(part)[0]])
        for qubit in qubits_of(part):
            coming[qubit] = part
    return following[::-1]


def _kind(part: Part, slot: Slot, before: Layer | None, after: Part | None) -> type[Layer]:
    """Return the kind of layer for a part between ``before`` and ``after`` on its qubit.

    RZ can go with rotations or with phases. It goes with rotations where one is next to it, so that it costs nothing.
    One that differs from sample to sample goes with a neighbouring phase first: a rotation that is shared stays so.
    """
    if isinstance(part, Permutation):
        return PermutationLayer
    if isinstance(part, Phase):
        return PhaseLayer
    if part.axis != Z:
        return RotationLayer
    if isinstance(slot, Input) and (isinstance(before, PhaseLayer) or isinstance(after, Phase)):
        return PhaseLayer
    return RotationLayer if isinstance(before, RotationLayer) or isinstance(after, Rotation) else PhaseLayer


def _add_term(terms: list[tuple[int, Slot]], mask: int, slot: Slot) -> None:
    """Append a term; constants of the same mask are added up."""
    for place, (other, known) in enumerate(terms):
        if other == mask and isinstance(slot, float) and isinstance(known, float):
            terms[place] = (mask, known + slot)
            return
    terms.append((mask, slot))
