"""The Square attack: random search without any gradient (arXiv:1912.00049)."""

from __future__ import annotations

import torch
from torch import Tensor

from qlab.evaluation.attacks.losses import Attacked, Classifier, is_fooled, margin
from qlab.evaluation.attacks.space import Ball

_FIRST_SHARE = 0.8
_HALVED_AT = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # of 10,000 queries


def square(
    model: Classifier,
    inputs: Tensor,
    labels: Tensor,
    ball: Ball,
    shape: tuple[int, int, int],
    *,
    queries: int,
    generator: torch.Generator,
) -> Attacked:
    """Move squares of pixels to the edge of the ball at random, and keep what brings a wrong answer nearer.

    Algorithms 1 and 2 of arXiv:1912.00049, L-infinity: stripes one pixel wide at first (here only where they are any
    good), then in each query one square per example, whose size falls with the number of queries, every channel moved
    up or down as a whole. The loss is the margin. An input of one row (1, 1, n) has runs of
    neighbouring numbers instead of squares.

    Args:
        model: what is attacked; only its answers are used.
        inputs: (B, n), between the bounds.
        labels: (B,).
        ball: what is allowed.
        shape: of an input as an image, (C, H, W).
        queries: how often the model is asked about each example, the example as it is and the stripes included.
        generator: of everything that is drawn.
    """
    best, fooled = _margins(model, inputs, labels)  # (B,), (B,)
    found = inputs.clone()
    for query in range(queries - 1):
        left = (~fooled).nonzero()[:, 0]  # (L,)
        signs, window = _move(len(inputs), left, shape, query, queries - 1, generator)
        if not len(left):
            break
        centre = inputs[left]
        moved = centre + ball.radius * signs  # to the edge, wherever they were
        points = ball.project(torch.where(window, moved, found[left]), centre)
        margins, wrong = _margins(model, points, labels[left])
        nearer = (margins > best[left]) | wrong
        found[left[nearer]], best[left[nearer]] = points[nearer], margins[nearer]
        fooled[left[wrong]] = True
    return Attacked(found, fooled)


def share_of_pixels(query: int, queries: int) -> float:
    """Return which share of an image the square of a query covers."""
    scaled = 10_000 * query / queries
    halvings = sum(scaled > limit for limit in _HALVED_AT)
    return float(_FIRST_SHARE * 0.5**halvings)


def _margins(model: Classifier, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        logits = model(inputs)
    return margin(logits, labels), is_fooled(logits, labels)


def _move(
    size: int, left: Tensor, shape: tuple[int, int, int], query: int, queries: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return for those left (L,) of ``size`` examples where their numbers move, and which of them do, (L, n) each.

    Draws are made for all examples, so that none depends on who is left.
    """
    channels, height, width = shape
    if query == 0:
        stripes = _signs((size, channels, 1, width), generator)[left].expand(-1, *shape)
        return stripes.flatten(1), torch.ones(len(left), channels * height * width, dtype=torch.bool)
    signs = _signs((size, channels, 1, 1), generator)[left].expand(-1, *shape)
    window = _windows(size, left, height, width, share_of_pixels(query, queries), generator)
    return signs.flatten(1), window[:, None].expand(-1, channels, -1, -1).flatten(1)


def _windows(size: int, left: Tensor, height: int, width: int, share: float, generator: torch.Generator) -> Tensor:
    """Return a square for each example that is left (L, H, W), as near to one as the image has room."""
    side = max(round((share * height * width) ** 0.5), 1)
    tall = min(side, height)
    wide = min(side if height > 1 else max(round(share * width), 1), width)
    top, start = (
        torch.randint(0, whole - part + 1, (size, 1), generator=generator)[left]
        for whole, part in ((height, tall), (width, wide))
    )
    rows, columns = torch.arange(height), torch.arange(width)
    down: Tensor = (rows >= top) & (rows < top + tall)  # (L, H)
    across: Tensor = (columns >= start) & (columns < start + wide)  # (L, W)
    return down[:, :, None] & across[:, None]


def _signs(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(0, 2, shape, generator=generator) * 2.0 - 1.0
