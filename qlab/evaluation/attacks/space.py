"""What an attacker may do to an input: how far each of its numbers may move, and between which bounds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

INFINITE = float("inf")


@dataclass(frozen=True, eq=False)
class Ball:
    """Inputs within ``radius`` of a centre, number by number (L-infinity), that lie between two bounds.

    Attributes:
        radius: largest change of each number, () or (n,).
        lower: smallest value of each number, () or (n,); may be infinite.
        upper: largest value, as ``lower``.
    """

    radius: Tensor
    lower: Tensor
    upper: Tensor

    def project(self, points: Tensor, centre: Tensor) -> Tensor:
        """Return points (B, n), first taken within the radius of the centre (B, n), then between the bounds.

        For a centre between the bounds the order does not matter; for one outside them the bounds win.
        """
        near = torch.minimum(torch.maximum(points, centre - self.radius), centre + self.radius)
        return torch.minimum(torch.maximum(near, self.lower), self.upper)

    def draw(self, centre: Tensor, generator: torch.Generator) -> Tensor:
        """Return points (B, n) uniform within the radius of the centre (B, n), taken between the bounds."""
        offset = 2 * torch.rand(centre.shape, generator=generator, dtype=centre.dtype) - 1
        return self.project(centre + self.radius * offset, centre)


@dataclass(frozen=True, eq=False)
class Space:
    """The inputs of a model as an attacker sees them.

    Attributes:
        unit: by how much an eps of 1 changes each number, (n,).
        lower: smallest value of each number, (n,).
        upper: largest value of each number, (n,).
        shape: of an input as an image (C, H, W); features without neighbours stand in one row, (1, 1, n).
    """

    unit: Tensor
    lower: Tensor
    upper: Tensor
    shape: tuple[int, int, int]

    def ball(self, eps: float) -> Ball:
        """Return what is within ``eps``, in this space's units."""
        return Ball(eps * self.unit, self.lower, self.upper)

    def reach(self, eps: float) -> float:
        """Return the share of the range of values that ``eps`` is, for the number it moves least; 0 without bounds."""
        return float((eps * self.unit / (self.upper - self.lower)).min())


def pixel_space(shape: tuple[int, int, int]) -> Space:
    """Return images (C, H, W) in [0, 1], with eps in pixels."""
    one = torch.ones(shape).flatten()
    return Space(one, 0 * one, one, shape)


def normalised_space(shape: tuple[int, int, int], std: Tensor) -> Space:
    """Return images in [0, 1] with eps in units of normalised ones, (pixel - mean) / std; std is (C, H, W)."""
    one = torch.ones(shape).flatten()
    return Space(std.expand(shape).flatten(), 0 * one, one, shape)


def feature_space(n_features: int) -> Space:
    """Return features without bounds, with eps in what they are measured in."""
    one = torch.ones(n_features)
    return Space(one, -INFINITE * one, INFINITE * one, (1, 1, n_features))
