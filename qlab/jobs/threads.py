"""How many processor threads each stage uses."""

from __future__ import annotations

import os

import torch
from torch import nn

from qlab.config.schema import RunConfig
from qlab.heads.head import Head

FEWEST_QUBITS = 11
"""From here on a state is large enough for two threads to be faster than one."""


def for_encoding(config: RunConfig) -> None:
    """Use what the config says, or every processor."""
    torch.set_num_threads(config.place.threads or os.cpu_count() or 1)


def for_head(config: RunConfig, model: Head) -> None:
    """Use what the config says, or every processor for a large circuit or a convolution and one for anything smaller.

    The threads of a small step do nothing but wait for each other: no gain on a quiet machine, and a loss of a
    hundredfold on a busy one.
    """
    large = model.circuit is not None and model.circuit.n_qubits >= FEWEST_QUBITS
    large = large or any(isinstance(part, nn.Conv2d) for part in model.modules())
    torch.set_num_threads(config.place.threads or (os.cpu_count() or 1 if large else 1))
