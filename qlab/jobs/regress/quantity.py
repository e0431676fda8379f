"""What a recipe gives, quantity by quantity, and how near another result has to come to it.

In a file of expectations a quantity is one of

    {"exact": 24}                                       a count or a name
    {"value": 0.531, "relative": 0.0001}                numbers, to a fraction of their size
    {"value": [0.1, -0.7], "absolute": 1e-05}           ... to a distance
    {"value": [0.1, -0.7], "standard_error": [0.01, 0.008]}    ... drawn, each with its standard error
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

STANDARD_ERRORS = 5
_TOO_MUCH = 1e3  # a tolerance that would let anything pass
_DIGITS = 9  # more than any tolerance asks for
Kind = Literal["relative", "absolute", "standard_error"]


@dataclass(frozen=True)
class Exact:
    """A count or a name, which any change changes."""

    value: int | str | None

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in a file."""
        return {"exact": self.value}


@dataclass(frozen=True)
class Measured:
    """Numbers with a tolerance.

    Attributes:
        values: the numbers.
        kind: what ``tolerance`` is.
        tolerance: one for all values, or one for each; of standard errors five are allowed.
    """

    values: tuple[float, ...]
    kind: Kind
    tolerance: tuple[float, ...]

    def allowed(self) -> list[float]:
        """Return how far another result may be from each value.

        Two results that were drawn both have their error, so that their difference has sqrt(2) times that of one.
        """
        each = self.tolerance if len(self.tolerance) > 1 else self.tolerance * len(self.values)
        if self.kind == "relative":
            return [fraction * abs(value) for fraction, value in zip(each, self.values, strict=True)]
        scale = STANDARD_ERRORS * math.sqrt(2) if self.kind == "standard_error" else 1.0
        return [scale * size for size in each]

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in a file."""
        return {"value": _unpacked(self.values), self.kind: _unpacked(self.tolerance)}


Quantity = Exact | Measured
Quantities = Mapping[str, Quantity]


def measured(values: float | Iterable[float], kind: Kind, tolerance: float | Iterable[float]) -> Measured:
    """Return numbers with a tolerance, rounded to the digits that are kept."""
    return Measured(_packed(values), kind, _packed(tolerance))


def from_json(entry: Any) -> Quantity:
    """Return the quantity that stands in a file.

    Raises:
        ValueError: it is none.
    """
    if isinstance(entry, Mapping) and set(entry) == {"exact"} and isinstance(entry["exact"], int | str | None):
        return Exact(entry["exact"])
    kind = next((kind for kind in get_args(Kind) if isinstance(entry, Mapping) and set(entry) == {"value", kind}), None)
    if kind is None:
        raise ValueError(f"{entry} is no quantity")
    try:
        found = Measured(_packed(entry["value"]), kind, _packed(entry[kind]))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{entry} is no quantity") from error
    if len(found.tolerance) not in (1, len(found.values)) or not all(0 <= size < _TOO_MUCH for size in found.tolerance):
        raise ValueError(f"{entry} has a wrong tolerance")
    return found


def _packed(numbers: Any) -> tuple[float, ...]:
    listed = [numbers] if isinstance(numbers, int | float) else list(numbers)
    return tuple(float(f"{number:.{_DIGITS}g}") for number in listed)


def _unpacked(numbers: tuple[float, ...]) -> float | list[float]:
    return numbers[0] if len(numbers) == 1 else list(numbers)
