"""Polynomials of degree 1 and 2 in bits, while a model is built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Pair = tuple[int, int]
Key = TypeVar("Key", int, Pair)


@dataclass(frozen=True)
class Affine:
    """``constant + sum_i terms[i] x_i`` of bits x_i."""

    constant: float = 0
    terms: Mapping[int, float] = field(default_factory=dict)

    @staticmethod
    def bit(index: int) -> Affine:
        """Return the bit with this index."""
        return Affine(0, {index: 1})

    def plus(self, *others: Affine) -> Affine:
        """Return the sum with others."""
        terms = defaultdict(float, self.terms)
        for other in others:
            for index, value in other.terms.items():
                terms[index] += value
        return Affine(self.constant + sum(other.constant for other in others), _nonzero(terms))

    def times(self, factor: float) -> Affine:
        """Return ``factor`` times it."""
        return Affine(factor * self.constant, {i: factor * value for i, value in self.terms.items() if factor})

    def squared(self) -> Quadratic:
        """Return its square."""
        return Quadratic.product(self, self)


@dataclass(frozen=True)
class Quadratic:
    """``constant + sum_ij terms[i, j] x_i x_j`` over i <= j; since x_i^2 = x_i, (i, i) is the linear term."""

    constant: float = 0
    terms: Mapping[Pair, float] = field(default_factory=dict)

    @staticmethod
    def product(one: Affine, other: Affine) -> Quadratic:
        """Return the product of two affine polynomials."""
        terms: defaultdict[Pair, float] = defaultdict(float)
        for i, value in one.terms.items():
            terms[i, i] += value * other.constant
            for j, more in other.terms.items():
                terms[min(i, j), max(i, j)] += value * more
        for j, more in other.terms.items():
            terms[j, j] += more * one.constant
        return Quadratic(one.constant * other.constant, _nonzero(terms))

    @staticmethod
    def total(parts: Iterable[Quadratic]) -> Quadratic:
        """Return the sum of several."""
        constant, terms = 0.0, defaultdict[Pair, float](float)
        for part in parts:
            constant += part.constant
            for pair, value in part.terms.items():
                terms[pair] += value
        return Quadratic(constant, _nonzero(terms))


def at_most_one(indices: Iterable[int]) -> Quadratic:
    """Return the number of pairs of bits that are both set: zero only where at most one of the bits is."""
    known = sorted(indices)
    return Quadratic(0, {(i, j): 1.0 for place, i in enumerate(known) for j in known[place + 1 :]})


def rosenberg(product: int, one: int, other: int) -> Quadratic:
    """Return 3 p + b c - 2 b p - 2 c p of bits p, b, c: zero where p = b c, and positive elsewhere."""
    values = {(product, product): 3.0, (one, other): 1.0, (one, product): -2.0, (other, product): -2.0}
    return Quadratic(0, {(min(i, j), max(i, j)): value for (i, j), value in values.items()})


def _nonzero(terms: Mapping[Key, float]) -> dict[Key, float]:
    return {key: value for key, value in terms.items() if value}
