"""How much arithmetic the convolutions of a model take."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def forward_with_flops(model: nn.Module, features: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Return the logits of features (B, n_features), and the floating-point operations of convolutions behind them.

    They are counted as PyTorch counts them: a multiplication with the addition after it is two, biases are none.
    """
    with FlopCounterMode(display=False) as counter:
        logits = model(features)
    return logits, counter.get_flop_counts().get("Global", {}).get(torch.ops.aten.convolution, 0)
