"""How an option states its default, its range and its meaning, and how a value is checked against them."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from qlab.errors import OptionError, did_you_mean

LARGEST = 1e15


@dataclasses.dataclass(frozen=True)
class Range:
    """The values an option may take: bounds for numbers, choices for names."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    choices: tuple[str | int, ...] = ()

    def complaint(self, value: Any) -> str | None:
        """Return what is wrong with ``value`` and what would be right, or None."""
        if self.choices and value not in self.choices:
            names = [str(choice) for choice in self.choices]
            return f"is not one of {', '.join(names)}{did_you_mean(str(value), names)}"
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if abs(value) > LARGEST or not math.isfinite(value):
            return f"is not a finite number below {LARGEST:g}"
        if self.at_least is not None and value < self.at_least:
            return f"is out of range: it must be at least {self.at_least:g}"
        if self.above is not None and value <= self.above:
            return f"is out of range: it must be above {self.above:g}"
        if self.at_most is not None and value > self.at_most:
            return f"is out of range: it must be at most {self.at_most:g}"
        return None


def option(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    choices: Sequence[str | int] = (),
    is_path: bool = False,
    parts_of: str | None = None,
    with_noise_only: bool = False,
    acts_with: tuple[str, tuple[str, ...]] | None = None,
) -> Any:
    """Declare a dataclass field with a default, a range and one line of help.

    A value of an option that ``is_path`` must exist; a run is identified by its content, not by where it is. An option
    with ``parts_of`` is a list of components of that group, each a mapping of its name and its options. What acts
    ``with_noise_only`` (or with shots) does not tell trainings without them apart. Nor does an option that acts only
    with some values of another one, ``acts_with=(name, values)``, where that one has none of them.
    """
    allowed = Range(at_least, above, at_most, tuple(choices))
    metadata = {
        "range": allowed,
        "help": help,
        "is_path": is_path,
        "parts_of": parts_of,
        "with_noise_only": with_noise_only,
        "acts_with": acts_with,
    }
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def check(options: Any, path: str) -> None:
    """Check every value of a dataclass of options that stands at ``path`` of the config.

    Raises:
        OptionError: names the option, its value, and what would be right.
    """
    for field in dataclasses.fields(options):
        allowed = field.metadata.get("range")
        where = f"{path}.{field.name}" if path else field.name
        for value in _scalars(getattr(options, field.name)):
            complaint = allowed.complaint(value) if allowed and value is not None else None
            if complaint:
                raise OptionError(f"{where}={value} {complaint}")


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    else:
        yield value
