"""The fast gradient sign method."""

from __future__ import annotations

from torch import Tensor

from qlab.evaluation.attacks.losses import (
    Attacked,
    Classifier,
    Loss,
    answers_wrongly,
    cross_entropy,
    gradient,
    is_fooled,
)
from qlab.evaluation.attacks.space import Ball


def fgsm(model: Classifier, inputs: Tensor, labels: Tensor, ball: Ball, loss: Loss = cross_entropy) -> Attacked:
    """Go as far as allowed, at once, along the sign of the gradient: Eq. before section 4 of arXiv:1412.6572.

    Args:
        model: what is attacked.
        inputs: (B, n), between the bounds.
        labels: (B,).
        ball: what is allowed.
        loss: what is increased.
    """
    slope, logits = gradient(model, inputs, labels, loss)
    points = ball.project(inputs + ball.radius * slope.sign(), inputs)
    return Attacked(points, is_fooled(logits, labels) | answers_wrongly(model, points, labels))
