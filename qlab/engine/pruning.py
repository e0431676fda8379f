"""What of a circuit its observables can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qlab.circuits.circuit import Circuit
from qlab.circuits.gates import CNOT_TABLE, SWAP_TABLE, Part, Permutation, Phase, Rotation, Z
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Slot
from qlab.engine.bits import mask_of

PartAndSlot = tuple[Part, Slot]


@dataclass(frozen=True)
class Word:
    """``sign`` times a product of Pauli operators: X on a qubit whose bit is in ``x``, Z if in ``z``, Y if in both."""

    x: int
    z: int
    sign: int = 1

    @staticmethod
    def of(word: PauliWord, n_qubits: int) -> Word:
        """Return a Pauli word as masks."""
        x = mask_of((qubit for qubit, letter in word.factors if letter in "XY"), n_qubits)
        z = mask_of((qubit for qubit, letter in word.factors if letter in "YZ"), n_qubits)
        return Word(x, z)

    def before_cnot(self, control: int, target: int) -> Word:
        """Return the word that before a CNOT has the value that this one has after it; arguments are masks."""
        xc, zc, xt, zt = (bool(mask & bit) for bit in (control, target) for mask in (self.x, self.z))
        flips = xc and zt and xt == zc
        return Word(self.x ^ (target if xc else 0), self.z ^ (control if zt else 0), -self.sign if flips else self.sign)

    def before_swap(self, first: int, second: int) -> Word:
        """Return the word that before a SWAP has the value that this one has after it; arguments are masks."""
        return Word(_swap_bits(self.x, first, second), _swap_bits(self.z, first, second), self.sign)


def all_parts(circuit: Circuit) -> list[PartAndSlot]:
    """Return the parts of all gates, in order."""
    return [item for gate in circuit.gates for item in gate.parts()]


def prune(circuit: Circuit, observables: Sequence[PauliWord]) -> tuple[list[PartAndSlot], list[Word]]:
    """Return the parts that some observable depends on, in order, and the words to measure after them.

    Going backward from the measurement, a part outside the light cone is dropped, a diagonal one too where it commutes
    with every word, and a closing network of CNOT and SWAP is moved into the words.
    """
    n_qubits = circuit.n_qubits
    words = [Word.of(word, n_qubits) for word in observables]
    kept: list[PartAndSlot] = []
    blocked = 0  # qubits on which something kept follows
    for part, slot in reversed(all_parts(circuit)):
        mask = mask_of(qubits_of(part), n_qubits)
        if not mask & (blocked | _union(words, "x") | _union(words, "z")):
            continue
        if not mask & blocked:
            if is_diagonal(part) and not mask & _union(words, "x"):
                continue
            moved = _absorbed(part, words, n_qubits)
            if moved is not None:
                words = moved
                continue
        kept.append((part, slot))
        blocked |= mask
    return kept[::-1], words


def qubits_of(part: Part) -> tuple[int, ...]:
    """Return the qubits that a part acts on."""
    return (part.qubit,) if isinstance(part, Rotation) else part.qubits


def is_diagonal(part: Part) -> bool:
    """Return whether a part only multiplies basis states with phases."""
    return isinstance(part, Phase) or (isinstance(part, Rotation) and part.axis == Z)


def _absorbed(part: Part, words: Sequence[Word], n_qubits: int) -> list[Word] | None:
    if not isinstance(part, Permutation) or len(part.qubits) != 2:
        return None
    first, second = (mask_of([qubit], n_qubits) for qubit in part.qubits)
    if part.table == CNOT_TABLE:
        return [word.before_cnot(first, second) for word in words]
    if part.table == SWAP_TABLE:
        return [word.before_swap(first, second) for word in words]
    return None


def _union(words: Sequence[Word], letter: str) -> int:
    union = 0
    for word in words:
        union |= getattr(word, letter)
    return union


def _swap_bits(value: int, first: int, second: int) -> int:
    differ = bool(value & first) != bool(value & second)
    return value ^ (first | second) if differ else value
