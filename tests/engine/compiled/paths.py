"""Values and gradients of a case on either path."""

from __future__ import annotations

import torch

from qlab.engine import expectations
from qlab.engine.choice import Method
from tests.circuits.random_circuits import Case, gradients

Found = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def found(case: Case, method: Method, dtype: torch.dtype = torch.complex128) -> Found:
    """Return the values, and the gradients by inputs and weights."""
    leaves = case.leaves()
    values = expectations(case.circuit, *leaves, case.observables, dtype, method=method)
    by_inputs, by_weights = gradients(values, leaves, case.direction())
    return values.detach(), by_inputs, by_weights


def assert_close(ours: Found, theirs: Found, values: float, slopes: float) -> None:
    """Compare values to ``values`` and gradients to ``slopes``, absolute and relative."""
    torch.testing.assert_close(ours[0].double(), theirs[0].double(), rtol=0, atol=values)
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        torch.testing.assert_close(mine.double(), other.double(), rtol=slopes, atol=slopes)
