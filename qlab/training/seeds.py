"""One seed, many independent streams of random numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

Purpose = Literal["weights", "order", "diagnostics"]
_STREAM: dict[Purpose, int] = {"weights": 0, "order": 1, "diagnostics": 2}


def torch_generator(seed: int, purpose: Purpose) -> torch.Generator:
    """Return a generator whose stream depends on the seed and on what it is for."""
    state = np.random.SeedSequence([seed, _STREAM[purpose]]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) % 2**63)


def epoch_order(seed: int, epoch: int, size: int) -> torch.Tensor:
    """Return the order in which epoch ``epoch`` visits ``size`` examples; it depends on nothing else."""
    rng = np.random.default_rng([seed, _STREAM["order"], epoch])
    return torch.from_numpy(rng.permutation(size))
