"""The global phases that the engine's gates leave out and PennyLane's have: only a state shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import torch

from qlab.circuits.gate import Gate
from qlab.circuits.slots import Input, Slot
from qlab.engine.slots import InputSlots, SharedSlots

_CONSTANT: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("Hadamard", "PauliX", "PauliY", "PauliZ"), math.pi / 2),
        **dict.fromkeys(("S", "SX", "CZ", "CH", "ISWAP"), math.pi / 4),
        **dict.fromkeys(("Adjoint(S)", "Adjoint(SX)"), -math.pi / 4),
        **dict.fromkeys(("CRX", "CRY", "CRot"), math.pi),
        "ECR": -math.pi / 2,
        "T": math.pi / 8,
        "Adjoint(T)": -math.pi / 8,
    }
)
_PER_ANGLE: Mapping[str, float] = MappingProxyType({"PhaseShift": 0.5, "ControlledPhaseShift": 0.25})


def phase_slots(gates: Iterable[Gate]) -> tuple[Slot, ...]:
    """Return slots whose sum is the phase, in radians, that gates of PennyLane have beside those of the engine."""
    constant = 0.0
    slots: list[Slot] = []
    for gate in gates:
        constant += _CONSTANT.get(gate.name, 0.0)
        if gate.name in _PER_ANGLE:
            slots.append(gate.angles[0] * _PER_ANGLE[gate.name])
    return (*slots, constant)


def phases(slots: Iterable[Slot], inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the sum (B,) of slots for inputs (B, n_inputs) and weights (n_weights,), in radians; differentiable."""
    own: list[Input] = []
    shared: list[Slot] = []
    for slot in slots:
        if isinstance(slot, Input):
            own.append(slot)
        else:
            shared.append(slot)
    by_sample = InputSlots(own, inputs.shape[1], inputs.device)
    for_all = SharedSlots(shared, len(weights), weights.device)
    return by_sample(inputs).sum(0) + for_all(weights).sum()
