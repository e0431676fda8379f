"""What is measured: products of Pauli operators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qlab.errors import CircuitError

_FACTOR = re.compile(r"([XYZ])(\d+)")


@dataclass(frozen=True)
class PauliWord:
    """A product of Pauli operators on different qubits.

    Attributes:
        factors: (qubit, letter) pairs by rising qubit, letters X, Y and Z.

    Raises:
        CircuitError: no factor, a letter that is not X, Y or Z, a negative or repeated qubit.
    """

    factors: tuple[tuple[int, str], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(sorted((int(qubit), letter) for qubit, letter in self.factors)))
        qubits = [qubit for qubit, _ in self.factors]
        if not qubits or min(qubits) < 0 or any(letter not in ("X", "Y", "Z") for _, letter in self.factors):
            raise CircuitError(f"a Pauli word is one or more of X, Y, Z on qubits 0, 1, 2, ..., not {self.factors}")
        if len(set(qubits)) < len(qubits):
            raise CircuitError(f"the Pauli word '{self}' names a qubit twice")

    @staticmethod
    def of(text: PauliWord | str) -> PauliWord:
        """Return the word that a text such as ``"Z0"`` or ``"X1 Z2"`` stands for."""
        return text if isinstance(text, PauliWord) else _parse(text)

    def __str__(self) -> str:
        return " ".join(f"{letter}{qubit}" for qubit, letter in self.factors)


def pauli_words(n_qubits: int, observables: Sequence[PauliWord | str] | None) -> tuple[PauliWord, ...]:
    """Return what is to be measured on ``n_qubits`` qubits: Z on every qubit where nothing is said.

    Raises:
        CircuitError: a text that is no Pauli word, a qubit out of range, or an empty list.
    """
    if observables is None:
        return _z_words(n_qubits)
    if isinstance(observables, (str, PauliWord)) or not observables:
        raise CircuitError(f"observables must be a list such as ['Z0', 'X1 Z2'], not {observables!r}")
    return _words(n_qubits, tuple(observables))


@lru_cache(maxsize=256)
def _words(n_qubits: int, observables: tuple[PauliWord | str, ...]) -> tuple[PauliWord, ...]:
    words = tuple(PauliWord.of(item) for item in observables)
    for word in words:
        if word.factors[-1][0] >= n_qubits:
            raise CircuitError(f"the Pauli word '{word}' needs qubit {word.factors[-1][0]}, but there are {n_qubits}")
    return words


@lru_cache(maxsize=64)
def _z_words(n_qubits: int) -> tuple[PauliWord, ...]:
    return tuple(PauliWord(((qubit, "Z"),)) for qubit in range(n_qubits))


@lru_cache(maxsize=4096)
def _parse(text: str) -> PauliWord:
    factors = []
    for token in text.split():
        match = _FACTOR.fullmatch(token)
        if match is None:
            raise CircuitError(f"'{token}' in '{text}' is no Pauli factor; write 'Z0' or 'X1 Z2'")
        factors.append((int(match[2]), match[1]))
    return PauliWord(tuple(factors))
