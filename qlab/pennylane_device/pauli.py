"""Measurements that are expectation values of sums of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from pennylane import math
from pennylane.measurements import ExpectationMP

from qlab.circuits.observables import PauliWord

Terms = tuple[tuple[int | None, Any], ...]  # (which word, coefficient); no word stands for the identity


@dataclass(frozen=True, eq=False)
class PauliSums:
    """K distinct Pauli words, and what each measurement adds up of their values."""

    words: tuple[PauliWord, ...]
    sums: tuple[Terms, ...]

    def results(self, values: torch.Tensor) -> list[torch.Tensor]:
        """Return for each measurement its results (R,) from the values (R, K) of the words."""
        columns = values.unbind(1)
        return [_sum(terms, columns, values) for terms in self.sums]


def pauli_sums(measurements: Sequence[Any], qubits: Mapping[Any, int]) -> PauliSums | None:
    """Return measurements as sums of Pauli words on ``qubits``; None where one of them is something else."""
    places: dict[PauliWord, int] = {}
    sums = []
    for measurement in measurements:
        sentence = _sentence(measurement)
        if sentence is None or any(_is_complex(factor) for factor in sentence.values()):
            return None
        terms: list[tuple[int | None, Any]] = []
        for word, coefficient in sentence.items():
            letters = tuple((qubits[wire], letter) for wire, letter in word.items())
            place = places.setdefault(_word(letters), len(places)) if letters else None
            terms.append((place, coefficient))
        sums.append(tuple(terms))
    return PauliSums(tuple(places), tuple(sums))


def _sentence(measurement: Any) -> Any:
    if type(measurement) is not ExpectationMP or measurement.obs is None:
        return None
    return measurement.obs.pauli_rep


def _is_complex(factor: Any) -> bool:
    """Return whether a coefficient is no real number, as that of X Y = i Z."""
    return not isinstance(factor, float) and bool(math.imag(factor) != 0)


@lru_cache(maxsize=4096)
def _word(letters: tuple[tuple[int, str], ...]) -> PauliWord:
    return PauliWord(letters)


def _sum(terms: Terms, columns: Sequence[torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    if len(terms) == 1 and terms[0][0] is not None and isinstance(terms[0][1], float) and terms[0][1] == 1.0:
        return columns[terms[0][0]]
    total = values.new_zeros(len(values))
    places = [place for place, _ in terms if place is not None]
    if places:
        total = total + values[:, places] @ _vector([factor for place, factor in terms if place is not None], values)
    constants = [factor for place, factor in terms if place is None]
    return total + _vector(constants, values).sum() if constants else total


def _vector(factors: Sequence[Any], like: torch.Tensor) -> torch.Tensor:
    """Return real coefficients as a vector."""
    reals = [math.real(factor) for factor in factors]
    if any(isinstance(factor, torch.Tensor) for factor in reals):
        return torch.stack([torch.as_tensor(factor, dtype=like.dtype, device=like.device) for factor in reals])
    return torch.tensor([float(factor) for factor in reals], dtype=like.dtype, device=like.device)
