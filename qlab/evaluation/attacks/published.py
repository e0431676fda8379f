"""The attack of arXiv:2509.13353 as it was, and with the range of values that images have.

It was made on normalised images, and clamped them to [0, 1], where few of their values lie: that alone changes most
answers, without any attack.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qlab.evaluation.attacks.losses import Classifier, answers_wrongly
from qlab.evaluation.attacks.pgd import Ascent, ascend
from qlab.evaluation.attacks.space import Ball, normalised_space, pixel_space

EPS, STEPS = 0.1, 10
STEP, PIXEL_STEP = 0.01, 0.025


def published(
    model: Classifier,
    inputs: Tensor,
    labels: Tensor,
    normalisation: tuple[Tensor, Tensor],
    shape: tuple[int, int, int],
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return whether each of four attacks fools the model, (B,) by its name.

    ``published_clamp`` is the clamp alone, without an attack; ``published_pgd`` the attack as published, with eps 0.1
    and steps of 0.01 on normalised images; ``normalised_pgd`` the same in the range that images have; ``pixel_pgd``
    has eps 0.1 and steps of 0.025 on pixels.
    Each of the latter three takes 10 steps along the sign of the gradient of the cross entropy from one random start,
    and counts where the last one leads, as the published one does.

    Args:
        model: what is attacked; it normalises pixels itself.
        inputs: pixels (B, n) in [0, 1].
        labels: (B,).
        normalisation: mean and standard deviation that it does so with, (C, 1, 1) each.
        shape: of an image (C, H, W).
        generator: of the starts.
    """
    mean, std = (part.expand(shape).flatten() for part in normalisation)  # (n,)
    wrong_range = Ball(EPS * std, mean, mean + std)  # 0 and 1 of normalised images, in pixels
    clamped = torch.minimum(torch.maximum(inputs, mean), mean + std)

    def end(ball: Ball, step: Tensor) -> Tensor:
        start = ball.draw(inputs, generator)
        return answers_wrongly(model, ascend(model, inputs, labels, ball, Ascent(STEPS, step), start), labels)

    return {
        "published_clamp": answers_wrongly(model, clamped, labels),
        "published_pgd": end(wrong_range, STEP * std),
        "normalised_pgd": end(normalised_space(shape, normalisation[1]).ball(EPS), STEP * std),
        "pixel_pgd": end(pixel_space(shape).ball(EPS), torch.tensor(PIXEL_STEP)),
    }
