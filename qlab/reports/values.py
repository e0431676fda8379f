"""How values are written for a reader; missing ones as a dash."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

MISSING = "–"


def is_missing(value: object) -> bool:
    """Return whether there is no value: None, or what pandas puts in its place."""
    return (
        value is None or (isinstance(value, Real) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    )


def shown(value: object) -> str:
    """Return a value of a config or of a table: numbers short, true and false as in YAML."""
    if is_missing(value):
        return MISSING
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return str(value).lower()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return f"{float(value):.6g}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name} {shown(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    return str(value)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things: 1 point, 2 points, 2 quantities."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def decimals(value: object, places: int = 4) -> str:
    """Return a number with a fixed number of decimals."""
    return f"{float(value):.{places}f}" if isinstance(value, Real) and not is_missing(value) else MISSING


def interval(lower: object, upper: object) -> str:
    """Return the two ends of an interval, without a blank at which a line could break."""
    return MISSING if is_missing(lower) else f"{decimals(lower)}–{decimals(upper)}"


def component(options: Mapping[str, Any]) -> str:
    """Return a component's name with the options that are set, e.g. ``depolarizing: p 0.01``."""
    given = [f"{name} {shown(value)}" for name, value in options.items() if name != "name" and not is_missing(value)]
    return f"{options['name']}: {', '.join(given)}" if given else str(options["name"])
