"""What the execution of a noisy circuit gives, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True, eq=False)
class Estimate:
    """Expectation values under noise, or from shots.

    Attributes:
        values: (B, K).
        standard_errors: (B, K), of the values; None where they are exact.
        trajectories: (B,), how many random states each sample's values come from; None where there are none.
        how: the way they were computed, in words for a record.
    """

    values: torch.Tensor
    standard_errors: torch.Tensor | None = None
    trajectories: torch.Tensor | None = None
    how: Mapping[str, str] = field(default_factory=dict)
