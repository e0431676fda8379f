"""What attacks increase, and how it changes with the inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

Classifier = Callable[[Tensor], Tensor]
"""From inputs (B, n) to logits (B, n_classes), each example by itself."""
Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (B, n_classes) and labels (B,) to a number for each example (B,)."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack found.

    Attributes:
        inputs: (B, n), for each example what fools the model, or else what was tried last.
        fooled: (B,), whether the model answers wrongly; that holds, too, where it did so without any attack.
    """

    inputs: Tensor
    fooled: Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy (B,) in nats; its gradient is lost to rounding where a model is all too sure."""
    return functional.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return by how much the largest wrong logit is above the right one (B,); it is never flat for being sure."""
    right = logits.gather(1, labels[:, None])  # (B, 1)
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return (others.amax(1, keepdim=True) - right)[:, 0]


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "margin": margin}
BOTH = "both"


def losses_of(name: str) -> dict[str, Loss]:
    """Return the losses that an attack climbs, in the order of its restarts: one by its name, or both."""
    return dict(LOSSES) if name == BOTH else {name: LOSSES[name]}


def is_fooled(logits: Tensor, labels: Tensor) -> Tensor:
    """Return whether the answer is wrong (B,)."""
    return logits.argmax(1) != labels


def answers_wrongly(model: Classifier, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return whether the model answers inputs (B, n) wrongly (B,)."""
    with torch.no_grad():
        return is_fooled(model(inputs), labels)


def gradient(model: Classifier, inputs: Tensor, labels: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
    """Return the gradient of each example's loss by its input (B, n), and its logits (B, n_classes).

    Where the gradient is not a number it is zero: there is no direction to go.
    """
    variable = inputs.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(variable)
        (slope,) = torch.autograd.grad(loss(logits, labels).sum(), variable)
    return slope.nan_to_num(nan=0.0), logits.detach()


def has_gradient(model: Classifier, inputs: Tensor) -> bool:
    """Return whether logits can be differentiated by inputs (B, n)."""
    with torch.enable_grad():
        logits = model(inputs.detach().requires_grad_())
    return logits.requires_grad
