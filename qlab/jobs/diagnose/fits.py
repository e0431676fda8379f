"""How the variance of gradients falls with the number of qubits, for everything else alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qlab.diagnostics.gradients import decay

_QUBITS = "head.n_qubits"


def fits(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a fit for each kind of variance and each choice of the other swept keys; none below three numbers.

    Each has the other ``values``, ``init``, ``observable``, ``of`` (``parameter`` or ``mean``), and the fit:
    ``slope``, ``low``, ``high`` of ln(variance) per qubit, and ``n_qubits``.
    """
    return [
        {"values": values, **kind, **dataclasses.asdict(found)}
        for values, alike in _alike(points)
        for kind, variances in _variances(alike)
        if (found := decay([point["n_qubits"] for point in alike], variances)) is not None
    ]


def _alike(points: Sequence[Mapping[str, Any]]) -> Iterable[tuple[dict[str, Any], list[Mapping[str, Any]]]]:
    """Return points that differ in the number of qubits only, with what they share."""
    groups: dict[str, tuple[dict[str, Any], list[Mapping[str, Any]]]] = {}
    for point in points:
        shared = {name: value for name, value in point["values"].items() if name != _QUBITS}
        groups.setdefault(repr(shared), (shared, []))[1].append(point)
    return groups.values()


def _variances(points: Sequence[Mapping[str, Any]]) -> Iterable[tuple[dict[str, str], list[float]]]:
    for number, first in enumerate(points[0]["gradients"]):
        for of in ("parameter", "mean"):
            kind = {"init": first["init"], "observable": first["observable"], "of": of}
            yield kind, [point["gradients"][number][of]["value"] for point in points]
