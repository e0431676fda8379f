"""What differs between what was expected and what was found."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from qlab.jobs.regress.quantity import STANDARD_ERRORS, Exact, Measured, Quantities, Quantity


@dataclass(frozen=True)
class Difference:
    """A quantity that is not what it should be.

    Attributes:
        quantity: its name; of several numbers the place of the worst one, and how many differ.
        expected: what it should be; None where nothing was expected.
        found: what it is; None where there is no such quantity any more.
        difference: found - expected, of numbers.
        allowed: the tolerance in words.
    """

    quantity: str
    expected: float | str | None
    found: float | str | None
    difference: float | None
    allowed: str

    def __str__(self) -> str:
        off = "" if self.difference is None else f", off by {self.difference:.3g}"
        return f"{self.quantity}: expected {self.expected}, found {self.found}{off}; allowed: {self.allowed}"


def compare(expected: Quantities, found: Quantities) -> list[Difference]:
    """Return every quantity that differs by more than the tolerance of the expected one, is missing, or is new."""
    names = [*expected, *(name for name in found if name not in expected)]
    each = (difference_of(name, expected.get(name), found.get(name)) for name in names)
    return [difference for difference in each if difference is not None]


def difference_of(name: str, expected: Quantity | None, found: Quantity | None) -> Difference | None:
    """Return how ``found`` differs from ``expected``; None where it does not."""
    if expected is None or found is None:
        gone = "it is no longer there" if found is None else "it is not expected"
        return Difference(name, _short(expected), _short(found), None, gone)
    if isinstance(expected, Measured) and isinstance(found, Measured) and len(expected.values) == len(found.values):
        return _worst(name, expected, found)
    if isinstance(expected, Exact) and isinstance(found, Exact):
        return None if _same(expected, found) else Difference(name, expected.value, found.value, None, "exact")
    return Difference(name, _short(expected), _short(found), None, "it is of another kind or number")


def renewed(expected: Quantities, found: Quantities) -> dict[str, Quantity]:
    """Return what to expect from now on: what was expected where it still holds, else what was found.

    A relative or absolute tolerance stays as the expectation states it. What is drawn is taken as it was found, for
    its standard error may have changed with anything else.
    """
    return {name: _renewed(name, expected.get(name), quantity) for name, quantity in found.items()}


def _renewed(name: str, expected: Quantity | None, found: Quantity) -> Quantity:
    if expected is None or (isinstance(found, Measured) and found.kind == "standard_error"):
        return found
    if difference_of(name, expected, found) is None:
        return expected
    if isinstance(expected, Measured) and isinstance(found, Measured) and expected.kind == found.kind:
        return replace(found, tolerance=expected.tolerance) if len(expected.tolerance) == 1 else found
    return found


def _worst(name: str, expected: Measured, found: Measured) -> Difference | None:
    rows = list(zip(expected.values, found.values, expected.allowed(), strict=True))
    wrong = [place for place, (right, mine, allowed) in enumerate(rows) if not abs(mine - right) <= allowed]
    if not wrong:
        return None
    worst = max(wrong, key=lambda place: _excess(*rows[place]))
    right, mine, allowed = rows[worst]
    place = f"[{worst}] ({len(wrong)} of {len(rows)} differ)" if len(rows) > 1 else ""
    words = _in_words(expected, worst, allowed)
    if not math.isfinite(mine):
        return Difference(name + place, right, str(mine), None, words)
    return Difference(name + place, right, mine, mine - right, words)


def _excess(right: float, mine: float, allowed: float) -> float:
    excess = abs(mine - right) / allowed if allowed else math.inf
    return math.inf if math.isnan(excess) else excess


def _in_words(expected: Measured, place: int, allowed: float) -> str:
    tolerance = expected.tolerance[place if len(expected.tolerance) > 1 else 0]
    words = {
        "relative": f"{tolerance:g} of its size",
        "absolute": f"{tolerance:g}",
        "standard_error": f"{allowed:.3g}, {STANDARD_ERRORS} standard errors",
    }
    return words[expected.kind]


def _same(expected: Exact, found: Exact) -> bool:
    return type(expected.value) is type(found.value) and expected.value == found.value


def _short(quantity: Quantity | None) -> float | str | None:
    if quantity is None or isinstance(quantity, Exact):
        return None if quantity is None else quantity.value
    return quantity.values[0] if len(quantity.values) == 1 else f"{len(quantity.values)} numbers"
