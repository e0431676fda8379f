"""Values of Pauli words as they are read, from the values that they have."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.circuits.observables import PauliWord
from qlab.errors import CapabilityError
from qlab.noise.noisy import NoisyCircuit
from qlab.noise.readout import Readout

_MOST_SHIFTED = 12  # factors of a word whose readings are shifted; each doubles the number of words behind it


@dataclass(frozen=True, eq=False)
class Readings:
    """Readout error on K words, as a linear map of the values of M words without it.

    Any letter is measured by a turn to Z, so its mean as read is scale * <P> + shift, as that of Z is. A product of
    such factors is a sum over words of some of the factors.

    Attributes:
        words: the M words.
        matrix: (K, M).
        shifts: (K,), what is added.
    """

    words: tuple[PauliWord, ...]
    matrix: NDArray[np.float64] = field(repr=False)
    shifts: NDArray[np.float64] = field(repr=False)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Return values as read (..., K) for values (..., M); differentiable."""
        read: torch.Tensor = values @ values.new_tensor(self.matrix.T) + values.new_tensor(self.shifts)
        return read

    def farthest(self, values: torch.Tensor) -> torch.Tensor:
        """Return how far (..., K) values as read can be from such ones at most, where words lie between -1 and 1."""
        reach = values.new_tensor(np.abs(self.matrix).sum(1))
        return reach + (values - values.new_tensor(self.shifts)).abs()


def readings(noisy: NoisyCircuit, words: tuple[PauliWord, ...]) -> Readings:
    """Return what ``words`` on the qubits of ``noisy.circuit`` are read as.

    Raises:
        CapabilityError: a word of too many factors whose readings are shifted.
    """
    return readings_of(noisy.readout, words)


@lru_cache(maxsize=64)
def readings_of(readout: Readout | None, words: tuple[PauliWord, ...]) -> Readings:
    """Return what ``words`` are read as, as ``readings`` does; the circuit need not live as long as this is known."""
    terms = [_terms(readout, word) for word in words]
    needed = dict.fromkeys(words)
    for of_word in terms:
        needed.update(dict.fromkeys(word for word in of_word if word is not None))
    places = {word: place for place, word in enumerate(needed)}
    matrix, shifts = np.zeros((len(words), len(places))), np.zeros(len(words))
    for row, of_word in enumerate(terms):
        for term, coefficient in of_word.items():
            if term is None:
                shifts[row] += coefficient
            else:
                matrix[row, places[term]] += coefficient
    return Readings(tuple(places), matrix, shifts)


def _terms(readout: Readout | None, word: PauliWord) -> dict[PauliWord | None, float]:
    """Return coefficients of the words that ``word`` is read as; None stands for the identity."""
    if readout is None:
        return {word: 1.0}
    factors = []
    for qubit, letter in word.factors:
        scale, shift = readout.on_z(qubit)
        factors.append([(scale, ((qubit, letter),)), *([(shift, ())] if shift else [])])
    if sum(len(choices) > 1 for choices in factors) > _MOST_SHIFTED:
        raise CapabilityError(
            f"the readout error of '{word}' mixes 2^{len(factors)} words: ask for words of at most {_MOST_SHIFTED} "
            "factors, or estimate from shots"
        )
    terms: dict[PauliWord | None, float] = {}
    for choice in product(*factors):
        kept = tuple(factor for _, part in choice for factor in part)
        terms[PauliWord(kept) if kept else None] = float(np.prod([number for number, _ in choice]))
    return terms
