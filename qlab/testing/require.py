"""How a check of the conformance suite fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def require(condition: bool, complaint: str) -> None:
    """Raise ``AssertionError`` with ``complaint`` unless ``condition`` holds."""
    if not condition:
        raise AssertionError(complaint)


def require_close(first: torch.Tensor, second: torch.Tensor, tolerance: float, complaint: str) -> None:
    """Raise ``AssertionError`` unless two tensors agree within ``tolerance``, absolutely."""
    apart = float((first.double() - second.double()).abs().max()) if first.numel() else 0.0
    require(first.shape == second.shape, f"{complaint}: shapes {tuple(first.shape)} and {tuple(second.shape)}")
    require(apart <= tolerance, f"{complaint} by {apart:.1e}, not {tolerance:.0e}")
