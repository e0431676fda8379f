"""Adversarial examples of one model, tried on another."""

from __future__ import annotations

import torch
from torch import Tensor

from qlab.evaluation.attacks.losses import Attacked, Classifier, answers_wrongly
from qlab.evaluation.attacks.pgd import Ascent, ascend
from qlab.evaluation.attacks.space import Ball


def transfer(
    model: Classifier,
    twin: Classifier,
    inputs: Tensor,
    labels: Tensor,
    ball: Ball,
    ascent: Ascent,
    *,
    restarts: int,
    generator: torch.Generator,
) -> Attacked:
    """Climb the twin's loss from several random starts, and try on the model where each of them ends.

    No gradient of the model is used, so that what fools it here says nothing of its gradients (arXiv:1605.07277).

    Args:
        model: what is to be fooled.
        twin: whose gradients are followed.
        inputs: (B, n), between the bounds.
        labels: (B,).
        ball: what is allowed.
        ascent: how the twin's loss is climbed, each restart to the end even where the twin is fooled before.
        restarts: random starts, uniform in the ball.
        generator: of the starts.
    """
    found, fooled = inputs.clone(), answers_wrongly(model, inputs, labels)
    for restart in range(restarts):
        points = ascend(twin, inputs, labels, ball, ascent, ball.draw(inputs, generator), restart=restart)
        found = torch.where(fooled[:, None], found, points)
        fooled = fooled | answers_wrongly(model, points, labels)
    return Attacked(found, fooled)
