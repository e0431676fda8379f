"""The values of slots for a batch of inputs and a set of weights, differentiable."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qlab.circuits.slots import Input, Slot, Weight


class SharedSlots:
    """Weights and constants: one value for all samples."""

    def __init__(self, slots: Sequence[Slot], n_weights: int, device: torch.device) -> None:
        places = [slot.index if isinstance(slot, Weight) else n_weights for slot in slots]
        scales = [slot.scale if isinstance(slot, Weight) else slot for slot in slots]
        self._places = torch.tensor(places, dtype=torch.int64, device=device)
        self._scales = torch.tensor(scales, dtype=torch.float64, device=device)

    def __call__(self, weights: torch.Tensor) -> torch.Tensor:
        """Return values (A, 1) for weights (n_weights,)."""
        if not len(self._places):
            return weights[:0, None]
        with_one = torch.cat([weights, weights.new_ones(1)])  # a constant is its scale times one
        return (with_one.index_select(0, self._places) * self._scales)[:, None]


class InputSlots:
    """Products of inputs: one value per sample."""

    def __init__(self, slots: Sequence[Input], n_inputs: int, device: torch.device) -> None:
        factors = max((len(slot.indices) for slot in slots), default=1)
        padded = [[*slot.indices, *[n_inputs] * (factors - len(slot.indices))] for slot in slots]
        places = torch.tensor(padded, dtype=torch.int64, device=device).reshape(len(slots), factors)
        self._places = places.T.contiguous()  # (factors, A)
        scales = torch.tensor([slot.scale for slot in slots], dtype=torch.float64, device=device)
        self._scales = scales[:, None]

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return values (A, B) for inputs (B, n_inputs)."""
        if not len(self._scales):
            return inputs.T[:0]
        with_one = torch.cat([inputs.T, inputs.new_ones(1, len(inputs))])  # (n_inputs + 1, B)
        values = self._scales * with_one.index_select(0, self._places[0])
        for places in self._places[1:]:
            values = values * with_one.index_select(0, places)
        return values
