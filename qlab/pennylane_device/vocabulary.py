"""What the engine executes of PennyLane's operations as they are; PennyLane decomposes the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from qlab.circuits.circuit import AMPLITUDE
from qlab.circuits.gates import GATES

PREPARATION, BASIS_STATE = "StatePrep", "BasisState"  # what a tape may begin with
GATE_NAMES = frozenset(GATES) - {AMPLITUDE}
WITHOUT_GATES = frozenset({"Identity", "Barrier", "Snapshot", "GlobalPhase"})


@dataclass(frozen=True)
class Template:
    """A template whose gates depend on the shapes of its parameters alone, so that it is translated once.

    Attributes:
        axes: of each parameter, without that of a batch.
        multiplies: whether its angles are products of parameters, which only inputs can be.
    """

    axes: tuple[int, ...]
    multiplies: bool = False


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "AngleEmbedding": Template((1,)),
        "BasicEntanglerLayers": Template((2,)),
        "IQPEmbedding": Template((1,), multiplies=True),
        "QAOAEmbedding": Template((1, 2)),
        "SimplifiedTwoDesign": Template((1, 3)),
        "StronglyEntanglingLayers": Template((3,)),
    }
)
GATE_SET = GATE_NAMES | WITHOUT_GATES


def is_gate(operation: Any) -> bool:
    """Return whether an operation is a gate of the engine, or none at all."""
    return operation.name in GATE_SET


def is_native(operation: Any) -> bool:
    """Return whether an operation is a gate of the engine or a template that it knows."""
    if operation.name in GATE_SET:
        return True
    template = TEMPLATES.get(operation.name)
    if template is None:
        return False
    fits = (len(data.shape) - axes in (0, 1) for data, axes in zip(operation.data, template.axes, strict=True))
    return all(fits) and _has_hash(operation._flatten()[1])


def _has_hash(metadata: Any) -> bool:
    try:
        hash(metadata)
    except TypeError:
        return False
    return True
