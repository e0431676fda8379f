"""First states that a tape prepares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def first_states(operation: Any, qubits: Mapping[Any, int]) -> torch.Tensor:
    """Return what PennyLane's state preparation prepares, (1 or batch, 2^n): real where it is no complex number."""
    vector = operation.state_vector(wire_order=list(qubits))
    if hasattr(vector, "toarray"):  # a sparse one
        vector = vector.toarray()
    states = torch.as_tensor(vector).reshape(-1, 2 ** len(qubits))
    if states.is_complex() and not states.requires_grad and not states.imag.any():
        states = states.real
    return states.to(torch.complex128 if states.is_complex() else torch.float64)
