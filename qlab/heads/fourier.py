"""A classical surrogate of a variational circuit: a linear model of random Fourier features."""

from __future__ import annotations

import math
from typing import Literal

import torch

from qlab.backends.base import Backend
from qlab.heads.head import Head, linear
from qlab.heads.squash import Squash, angles

Spectrum = Literal["integer", "gaussian"]


class Fourier(Head):
    """Logits = A cos(W x) + B sin(W x) + c, with frequencies W that are drawn once and never trained.

    A circuit that encodes angles x by rotations is such a sum over integer frequencies (Schuld, Sweke, Meyer,
    arXiv:2008.08605), and a few of them drawn at random often do as well (Landman et al., arXiv:2210.13200).

    Args:
        n_features: of an example.
        n_classes: of the task.
        backend: not used.
        generator: draws frequencies and first weights.
        n_frequencies: how many are drawn; all there are, should there be fewer.
        spectrum: ``integer``, different vectors of whole numbers up to ``degree``, w and -w being the same;
            ``gaussian``, N(0, 1) entries, whose features approximate a radial kernel.
        degree: how often a circuit encodes each feature, which bounds its frequencies.
        squash: as in the circuit.
        angle_scale: radians per squashed feature.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        n_frequencies: int = 64,
        spectrum: Spectrum = "integer",
        degree: int = 1,
        squash: Squash = "sigmoid",
        angle_scale: float = math.pi / 2,
    ) -> None:
        super().__init__()
        self.squash, self.angle_scale = squash, angle_scale
        frequencies = (
            integer_frequencies(n_features, n_frequencies, degree, generator)
            if spectrum == "integer"
            else torch.randn(n_frequencies, n_features, generator=generator)
        )
        self.frequencies: torch.Tensor
        self.register_buffer("frequencies", frequencies)
        self.readout = linear(2 * len(frequencies), n_classes, generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        phases = angles(features, self.squash, self.angle_scale) @ self.frequencies.T  # (B, n_frequencies)
        logits: torch.Tensor = self.readout(torch.cat([phases.cos(), phases.sin()], dim=1))
        return logits


def integer_frequencies(n_features: int, count: int, degree: int, generator: torch.Generator) -> torch.Tensor:
    """Return ``count`` different vectors of whole numbers from -degree to degree, (count, n_features).

    None is zero or the negative of another; where there are no more than ``count``, it is all of them.
    """
    available = ((2 * degree + 1) ** n_features - 1) // 2
    if available <= count:
        axis = torch.arange(-degree, degree + 1)
        every = torch.cartesian_prod(*[axis] * n_features).reshape(-1, n_features)
        return every[available + 1 :].float()  # sorted, so that the negatives of these come first
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        drawn = torch.randint(-degree, degree + 1, (count, n_features), generator=generator)
        for vector in drawn.tolist():
            first = next((value for value in vector if value), 0)
            if first and len(found) < count:
                found.setdefault(tuple(value if first > 0 else -value for value in vector))
    return torch.tensor(list(found), dtype=torch.float32)
