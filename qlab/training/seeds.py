"""One seed, many independent streams of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

Purpose = Literal["weights", "order", "diagnostics", "training", "block", "attack"]
_STREAM: dict[Purpose, int] = {"weights": 0, "order": 1, "diagnostics": 2, "training": 3, "block": 4, "attack": 5}


def torch_generator(seed: int, purpose: Purpose) -> torch.Generator:
    """Return a generator whose stream depends on the seed and on what it is for."""
    state = np.random.SeedSequence([seed, _STREAM[purpose]]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) % 2**63)


def epoch_order(seed: int, epoch: int, size: int) -> torch.Tensor:
    """Return the order in which epoch ``epoch`` visits ``size`` examples; it depends on nothing else."""
    rng = np.random.default_rng([seed, _STREAM["order"], epoch])
    return torch.from_numpy(rng.permutation(size))


@contextmanager
def seeded_epoch(seed: int, epoch: int) -> Iterator[None]:
    """While it lasts, PyTorch's own numbers, as of dropout and augmentation, depend on the seed and the epoch alone.

    Afterwards they go on as if nothing had been drawn.
    """
    state = np.random.SeedSequence([seed, _STREAM["training"], epoch]).generate_state(1, np.uint64)[0]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(state) % 2**63)
        yield
