"""What a mean of trajectories says of events that none of them had: nothing, so it has to be allowed for."""

from __future__ import annotations

import torch

_MATTERS = 1e-4
"""How far trajectories must lie apart, of a value in [-1, 1], to tell of events that matter."""


def squared_miss(
    farthest: torch.Tensor, number: torch.Tensor, squares: torch.Tensor, fourths: torch.Tensor
) -> torch.Tensor:
    """Return the square of what may have been missed by ``number`` trajectories: (B, K).

    Events of a share of 1/n of all are more often missed than seen once in n trajectories. Where all of these agree,
    one may have been missed that moves the value as far as it can: d, so d/n in the mean. Where k of them carry the
    spread alike, it knows of what matters, and that there is something else besides, of which none was seen, is the
    less likely the more they are: it counts exp(-k) times. k is the participation ratio (sum c^2)^2 / sum c^4 of the
    distances c from the mean: 1 where one outweighs the others, about n where all are alike.

    Args:
        farthest: (B, K), d.
        number: (B, 1), n.
        squares: (B, K), sum of the squared distances from the mean.
        fourths: (B, K), sum of their fourth powers.
    """
    matters = fourths > _MATTERS**2 * squares
    carried = torch.where(matters, squares.square() / torch.where(matters, fourths, 1.0), 0.0)
    missed: torch.Tensor = (farthest / number).square() * torch.exp(-carried)
    return missed


def squared_error(squared_spread: torch.Tensor, missed: torch.Tensor) -> torch.Tensor:
    """Return the squared standard error of a mean from s^2 / n and what may have been missed, squared: (B, K).

    The larger counts, the smaller hardly: the result to the fourth power is the sum of theirs. Rare events, of a share
    x of all, have right errors then: k of n are drawn, a Poisson variable, and (k - nx)^2 over the squared error in
    units of d / n is less than 1.5 in the mean, whatever x is.
    """
    return (squared_spread.square() + missed.square()).sqrt()
