"""The fast gradient sign method."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qlab.evaluation.attacks.losses import (
    Attacked,
    Classifier,
    Loss,
    answers_wrongly,
    cross_entropy,
    gradient,
)
from qlab.evaluation.attacks.space import Ball


def fgsm(
    model: Classifier, inputs: Tensor, labels: Tensor, ball: Ball, losses: Sequence[Loss] = (cross_entropy,)
) -> Attacked:
    """Go as far as allowed, at once, along the sign of the gradient: Eq. before section 4 of arXiv:1412.6572.

    Args:
        model: what is attacked.
        inputs: (B, n), between the bounds.
        labels: (B,).
        ball: what is allowed.
        losses: what is increased, each from the inputs as they are; the first that fools an example counts.
    """
    found, fooled = inputs, torch.zeros_like(labels, dtype=torch.bool)
    for loss in losses:
        slope, _ = gradient(model, inputs, labels, loss)
        points = ball.project(inputs + ball.radius * slope.sign(), inputs)
        found = torch.where(fooled[:, None], found, points)
        fooled = fooled | answers_wrongly(model, points, labels)
    return Attacked(found, fooled | answers_wrongly(model, inputs, labels))
