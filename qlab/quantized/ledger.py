"""Keeps the books while a model is built: its bits, what they stand for, and the forms that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qlab.quantized.activation import Pieces
from qlab.quantized.affine import Affine, Quadratic, at_most_one, rosenberg
from qlab.quantized.intervals import Digits
from qlab.quantized.network import Bits


@dataclass(frozen=True)
class DigitsOf:
    """These bits are the digits of an affine polynomial of earlier bits."""

    bits: tuple[int, ...]
    value: Affine
    digits: Digits

    def fill(self, table: Bits) -> None:
        """Set the bits in a table (S, n_bits) of bit strings."""
        known = list(self.value.terms)
        coefficients = np.array([self.value.terms[index] for index in known], dtype=np.int64)
        value = int(self.value.constant) + table[:, known].astype(np.int64) @ coefficients
        table[:, list(self.bits)] = self.digits.bits(value)


@dataclass(frozen=True)
class ProductOf:
    """This bit is the product of two earlier bits."""

    bit: int
    one: int
    other: int

    def fill(self, table: Bits) -> None:
        """Set the bit in a table (S, n_bits) of bit strings."""
        table[:, self.bit] = table[:, self.one] & table[:, self.other]


Definition = DigitsOf | ProductOf


@dataclass(frozen=True)
class NamedForm:
    """A form that is never negative, and zero where what it says is true."""

    name: str
    polynomial: Quadratic


@dataclass(frozen=True)
class Place:
    """The bits that say where a pre-activation is: those of intervals 1, 2, ..., and those of the remainder."""

    intervals: tuple[int, ...]
    remainder: tuple[int, ...]


class Ledger:
    """Collects bits, definitions and forms; bits are numbered in the order of their creation.

    Attributes:
        names: of the bits.
        definitions: of the bits that are no weights, each by earlier ones.
        forms: that are zero on consistent bit strings only.
    """

    def __init__(self, weight_names: Sequence[str]) -> None:
        self.names = list(weight_names)
        self.definitions: list[Definition] = []
        self.forms: list[NamedForm] = []
        self._products: dict[tuple[int, int], int] = {}

    def digits(self, value: Affine, digits: Digits, name: str) -> Place:
        """Return new bits that are the digits of an affine polynomial."""
        intervals = tuple(self._bit(f"{name}.interval{i}") for i in range(1, digits.n_intervals))
        remainder = tuple(self._bit(f"{name}.remainder{t}") for t in range(digits.n_remainder_bits))
        if not intervals + remainder:
            return Place((), ())
        self.definitions.append(DigitsOf(intervals + remainder, value, digits))
        said = Affine(
            digits.start,
            {bit: digits.width * (i + 1) for i, bit in enumerate(intervals)}
            | {bit: digits.step << t for t, bit in enumerate(remainder)},
        )
        difference = value.plus(said.times(-1)).times(1 / digits.step)
        self.forms.append(NamedForm(f"{name} = digits", difference.squared()))
        if len(intervals) > 1:
            self.forms.append(NamedForm(f"{name}: one interval", at_most_one(intervals)))
        return Place(intervals, remainder)

    def activation(self, place: Place, table: Pieces, name: str) -> Affine:
        """Return the value of whole-numbered pieces at a place, with new bits for products where slopes differ."""
        value = Affine(table.values[0]).plus(remainder_at(place, table.slopes[0]))
        for i, interval in enumerate(place.intervals, start=1):
            value = value.plus(Affine.bit(interval).times(table.values[i] - table.values[0]))
            slope = table.slopes[i] - table.slopes[0]
            for t, bit in enumerate(place.remainder if slope else ()):
                product = self._product(interval, bit, f"{name}.interval{i}*remainder{t}")
                value = value.plus(Affine.bit(product).times(slope * (1 << t)))
        return value

    def times(self, weight: Affine, value: Affine) -> Affine:
        """Return the product of two affine polynomials, with a new bit for each product of two bits."""
        total = (
            value.times(weight.constant)
            .plus(weight.times(value.constant))
            .plus(Affine(-weight.constant * value.constant))
        )
        for i, factor in weight.terms.items():
            for j, other in value.terms.items():
                product = self._product(i, j, f"{self.names[i]}*{self.names[j]}")
                total = total.plus(Affine.bit(product).times(factor * other))
        return total

    def _product(self, one: int, other: int, name: str) -> int:
        if (one, other) not in self._products:
            bit = self._products[one, other] = self._bit(name)
            self.definitions.append(ProductOf(bit, one, other))
            self.forms.append(NamedForm(f"{name} = product", rosenberg(bit, one, other)))
        return self._products[one, other]

    def _bit(self, name: str) -> int:
        self.names.append(name)
        return len(self.names) - 1


def loss_at(place: Place, table: Pieces) -> Quadratic:
    """Return the value of pieces at a place, as a quadratic polynomial."""
    parts = [Quadratic.product(Affine(1), Affine(table.values[0]).plus(remainder_at(place, table.slopes[0])))]
    for i, interval in enumerate(place.intervals, start=1):
        more = Affine(table.values[i] - table.values[0]).plus(remainder_at(place, table.slopes[i] - table.slopes[0]))
        parts.append(Quadratic.product(Affine.bit(interval), more))
    return Quadratic.total(parts)


def remainder_at(place: Place, slope: float) -> Affine:
    """Return ``slope`` times the remainder at a place."""
    return Affine(0, {bit: slope * (1 << t) for t, bit in enumerate(place.remainder) if slope})
