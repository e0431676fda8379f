"""Sums over products of Z: s_m(x) = (-1)^(number of common set bits of mask m and basis state x)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qlab.engine.bits import signs

_LOW_BITS = 10  # tables of signs have 2^10 columns at most; the sign of the other bits is a second factor


class ZStrings:
    """K products of Z on n qubits, given as masks."""

    def __init__(self, masks: Sequence[int], n_qubits: int, dtype: torch.dtype, device: torch.device) -> None:
        low = min(n_qubits, _LOW_BITS)
        table = signs([mask & ((1 << low) - 1) for mask in masks], low)
        self._low = torch.as_tensor(table, dtype=dtype, device=device)  # (K, 2^low)
        table = signs([mask >> low for mask in masks], n_qubits - low)
        self._high = torch.as_tensor(table, dtype=dtype, device=device)  # (K, 2^high)

    def sum(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Return sum_m c_m s_m(x) for all basis states x: (K, C) -> (2^n, C)."""
        columns = coefficients.shape[1]
        weighted = self._high.T[:, :, None] * coefficients  # (2^high, K, C)
        return torch.matmul(self._low.T, weighted).reshape(-1, columns)

    def project(self, field: torch.Tensor) -> torch.Tensor:
        """Return sum_x s_m(x) f(x) for all products m: (2^n, C) -> (K, C)."""
        rows = field.reshape(self._high.shape[1], self._low.shape[1], field.shape[1])
        partial = torch.matmul(self._low, rows)  # (2^high, K, C)
        return (partial * self._high.T[:, :, None]).sum(0)
