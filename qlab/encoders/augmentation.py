"""Random changes of training images, each image by itself; numbers come from PyTorch's global generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

DEGREES, SHIFT = 5.0, 0.1


def affine(images: Tensor, degrees: float = DEGREES, shift: float = SHIFT) -> Tensor:
    """Return images (B, C, H, W), each turned about its centre and shifted, pixels taken from the nearest.

    Angles are uniform up to ``degrees`` either way, shifts whole numbers of pixels, rounded from uniform ones up to the
    share ``shift`` of the width and height, as torchvision's ``RandomAffine`` has them. What enters from outside is 0.
    """
    count, height, width = len(images), images.shape[2], images.shape[3]
    draws = 2 * torch.rand(3, count, dtype=images.dtype, device=images.device) - 1
    across, down = (shift * width * draws[1]).round(), (shift * height * draws[2]).round()
    return moved(images, math.radians(degrees) * draws[0], across, down)


def moved(images: Tensor, angles: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Return images (B, C, H, W) turned by ``angles`` (B,), clockwise in radians, then shifted.

    ``across`` and ``down`` (B,) are in pixels, to the right and downwards.
    """
    height, width = images.shape[2:]
    cos, sin = angles.cos(), angles.sin()
    # Row by row: where a pixel of the outcome comes from, in halves of the width and the height from the centre.
    from_x = torch.stack([cos, sin * (height / width), -(cos * across + sin * down) * (2 / width)], dim=1)
    from_y = torch.stack([-sin * (width / height), cos, (sin * across - cos * down) * (2 / height)], dim=1)
    places = functional.affine_grid(torch.stack([from_x, from_y], dim=1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, places, mode="nearest", padding_mode="zeros", align_corners=False)


def flip_crop(images: Tensor, padding: int) -> Tensor:
    """Return images (B, C, H, W), each mirrored left to right or not, then shifted by up to ``padding`` pixels.

    Both are equally likely, and so is every shift: a window of the size of the image, anywhere in the image with
    ``padding`` zeros on every side.
    """
    flips = torch.rand(len(images), device=images.device) < 0.5
    down, across = torch.randint(2 * padding + 1, (2, len(images)), device=images.device)
    return cropped(images, flips, down, across, padding)


def cropped(images: Tensor, flips: Tensor, down: Tensor, across: Tensor, padding: int) -> Tensor:
    """Return images (B, C, H, W), those of ``flips`` (B,) mirrored, then cropped from ``padding`` zeros around them.

    ``down`` and ``across`` (B,) are where the window begins, from 0 to twice the padding.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images, (padding,) * 4)
    rows = down[:, None] + torch.arange(height, device=images.device)  # (B, H)
    columns = across[:, None] + torch.arange(width, device=images.device)  # (B, W)
    columns = torch.where(flips[:, None], width + 2 * padding - 1 - columns, columns)
    which = torch.arange(count, device=images.device)[:, None, None]
    windows = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]  # (B, H, W, C)
    return windows.permute(0, 3, 1, 2)
