"""Values and gradients of a case on a path, and how near they must be to exact ones."""

from __future__ import annotations

import torch

from qlab.engine import expectations
from qlab.engine.choice import Method
from tests.circuits.random_circuits import Case, gradients, reference

Found = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def found(case: Case, method: Method, dtype: torch.dtype = torch.complex128) -> Found:
    """Return the values, and the gradients by inputs and weights."""
    leaves = case.leaves()
    values = expectations(case.circuit, *leaves, case.observables, dtype, method=method)
    assert values.dtype == dtype.to_real()
    by_inputs, by_weights = gradients(values, leaves, case.direction())
    return values.detach(), by_inputs, by_weights


def exact(case: Case) -> Found:
    """Return the same on default.qubit."""
    leaves = case.leaves()
    values = reference(case, *leaves)
    by_inputs, by_weights = gradients(values, leaves, case.direction())
    return values.detach(), by_inputs, by_weights


def assert_close(ours: Found, theirs: Found, values: float, slopes: float) -> None:
    """Require an error of ``values`` at most, and of ``slopes`` in gradients, of the largest one where it is over 1."""
    torch.testing.assert_close(ours[0].double(), theirs[0].double(), rtol=0, atol=values)
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        largest = max(1.0, float(other.abs().max())) if other.numel() else 1.0
        torch.testing.assert_close(mine.double(), other.double(), rtol=0, atol=slopes * largest)


def check(case: Case, method: Method, expected: Found | None = None) -> None:
    """Compare values and gradients in both precisions with ``expected``, or with default.qubit."""
    expected = exact(case) if expected is None else expected
    assert_close(found(case, method), expected, values=1e-12, slopes=1e-10)
    assert_close(found(case, method, torch.complex64), expected, values=1e-5, slopes=1e-5)
