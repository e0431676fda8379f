"""Components that other packages add, each loaded to see whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from qlab.circuits.ansatz import ANSATZE, ENTRY_POINTS
from qlab.config import registry
from qlab.errors import QlabError


@dataclass(frozen=True)
class Plugin:
    """An entry point of an installed package.

    Attributes:
        group: the group that it adds to, e.g. ``head``.
        name: what to write after ``group=``.
        package: the package and its version.
        value: ``module:attribute``.
        broken: what is wrong with it; None if it can be used.
    """

    group: str
    name: str
    package: str
    value: str
    broken: str | None


def plugins() -> list[Plugin]:
    """Return every entry point for qlab that is installed, broken or not."""
    groups = {**registry.ENTRY_POINT_GROUPS, "ansatz": ENTRY_POINTS}
    points = [(group, point) for group, name in groups.items() for point in entry_points(group=name)]
    return [
        Plugin(group, point.name, _package(point), point.value, _fault(group, point))
        for group, point in sorted(points, key=lambda found: (found[0], found[1].name, found[1].value))
    ]


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"


def _fault(group: str, point: EntryPoint) -> str | None:
    try:
        if group in registry.ENTRY_POINT_GROUPS:
            registry.plugins(group)  # a name that is taken stops every plugin of the group
            registry.factory(registry.options_class(group, point.name))
        elif point.name in ANSATZE:
            return f"'{point.name}' is one of qlab's own, which is used instead"
        else:
            point.load()
    except QlabError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
