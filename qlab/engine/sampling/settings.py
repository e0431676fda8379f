"""What is measured together: words that agree, qubit by qubit, on the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.noise.noisy import NoisyCircuit

_TO_Z = {"X": ("Hadamard",), "Y": ("Adjoint(S)", "Hadamard"), "Z": ()}  # gates that turn a letter to Z


@dataclass(frozen=True)
class Setting:
    """Letters that are measured on some qubits, and the words whose values they give.

    Attributes:
        letters: (qubit, letter) pairs by rising qubit.
        words: the places of the words among all.
    """

    letters: tuple[tuple[int, str], ...]
    words: tuple[int, ...]

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that are measured."""
        return tuple(qubit for qubit, _ in self.letters)


@lru_cache(maxsize=64)
def settings(words: tuple[PauliWord, ...]) -> tuple[Setting, ...]:
    """Return settings that give the values of all words; each word goes to the first one that it agrees with."""
    letters: list[dict[int, str]] = []
    members: list[list[int]] = []
    for place, word in enumerate(words):
        agreeing = (k for k, known in enumerate(letters) if all(known.get(q, at) == at for q, at in word.factors))
        group = next(agreeing, len(letters))
        if group == len(letters):
            letters.append({})
            members.append([])
        letters[group].update(word.factors)
        members[group].append(place)
    return tuple(Setting(tuple(sorted(of.items())), tuple(at)) for of, at in zip(letters, members, strict=True))


@lru_cache(maxsize=64)
def turned(noisy: NoisyCircuit, letters: tuple[tuple[int, str], ...]) -> NoisyCircuit:
    """Return the circuit behind which Z is what ``letters`` are behind this one; the turn itself is without noise."""
    turns = [Gate(name, (qubit,)) for qubit, letter in letters for name in _TO_Z[letter]]
    if not turns:
        return noisy
    circuit = Circuit(noisy.n_qubits, [*noisy.circuit.gates, *turns])
    return replace(noisy, circuit=circuit, channels=(*noisy.channels, *[()] * len(turns)))


def masks(words: Sequence[PauliWord], bits: dict[int, int]) -> list[int]:
    """Return for each word the number whose bits are those of its qubits; ``bits`` gives the bit of each qubit."""
    return [sum(1 << bits[qubit] for qubit, _ in word.factors) for word in words]
