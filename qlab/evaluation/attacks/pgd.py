"""Projected gradient ascent on one loss or several (arXiv:1706.06083).

Which loss leads to more wrong answers depends on the model (arXiv:2003.01690, section 4): so restarts can take turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
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


@dataclass(frozen=True, eq=False)
class Ascent:
    """How the loss is climbed.

    Attributes:
        steps: how many are taken.
        step: how far each goes in every number of the input, () or (n,).
        losses: what is increased: by the first restart the first, and so on in turn.
    """

    steps: int
    step: Tensor
    losses: tuple[Loss, ...] = (cross_entropy,)

    def loss(self, restart: int) -> Loss:
        """Return what the restart of that number, from 0, increases."""
        return self.losses[restart % len(self.losses)]


def ascend(
    model: Classifier,
    inputs: Tensor,
    labels: Tensor,
    ball: Ball,
    ascent: Ascent,
    start: Tensor,
    *,
    restart: int = 0,
) -> Tensor:
    """Return where all steps from ``start`` (B, n) lead, (B, n), whatever was met on the way."""
    loss = ascent.loss(restart)
    points = start
    for _ in range(ascent.steps):
        slope, _ = gradient(model, points, labels, loss)
        points = ball.project(points + ascent.step * slope.sign(), inputs)
    return points


def pgd(
    model: Classifier,
    inputs: Tensor,
    labels: Tensor,
    ball: Ball,
    ascent: Ascent,
    *,
    restarts: int,
    generator: torch.Generator,
) -> Attacked:
    """Climb from several random starts; an example counts as fooled where any step from any of them fools the model.

    Args:
        model: what is attacked.
        inputs: (B, n), between the bounds.
        labels: (B,).
        ball: what is allowed.
        ascent: how.
        restarts: random starts, uniform in the ball; the losses take turns, so that fewer restarts than losses leave
            some untried.
        generator: of the starts.
    """
    found, fooled = inputs.clone(), answers_wrongly(model, inputs, labels)
    for restart in range(restarts):
        start = ball.draw(inputs, generator)  # for all, so that no start depends on what others met
        _climb(model, inputs, labels, ball, ascent, ascent.loss(restart), start, Attacked(found, fooled))
    return Attacked(found, fooled)


def _climb(
    model: Classifier,
    inputs: Tensor,
    labels: Tensor,
    ball: Ball,
    ascent: Ascent,
    loss: Loss,
    start: Tensor,
    known: Attacked,
) -> None:
    """Climb with the examples that are not fooled yet, and write to ``known`` which are now."""
    left = (~known.fooled).nonzero()[:, 0]  # (L,)
    points = start[left]
    for _ in range(ascent.steps):
        if not len(left):
            return
        slope, logits = gradient(model, points, labels[left], loss)
        points, left, slope = _sieve(points, left, slope, is_fooled(logits, labels[left]), known)
        points = ball.project(points + ascent.step * slope.sign(), inputs[left])
    if len(left):
        _sieve(points, left, points, answers_wrongly(model, points, labels[left]), known)


def _sieve(points: Tensor, left: Tensor, slope: Tensor, hit: Tensor, known: Attacked) -> tuple[Tensor, Tensor, Tensor]:
    """Write where each example is and which are fooled (L,); return the points, numbers and slopes of the others."""
    known.inputs[left] = points
    known.fooled[left[hit]] = True
    return points[~hit], left[~hit], slope[~hit]
