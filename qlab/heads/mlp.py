"""A multi-layer perceptron that has as many trainable parameters as the head it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.errors import OptionError
from qlab.heads.head import Head, linear

TOLERANCE = 0.02


class MLP(Head):
    """Tanh layers whose widths are chosen so that the number of parameters is ``n_parameters`` within 2 %.

    Raises:
        OptionError: no widths come that near.
    """

    def __init__(
        self, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator, *, n_parameters: int
    ) -> None:
        super().__init__()
        widths = [n_features, *hidden_widths(n_features, n_classes, n_parameters), n_classes]
        layers: list[nn.Module] = []
        for n_inputs, n_outputs in pairwise(widths):
            layers += [linear(n_inputs, n_outputs, generator), nn.Tanh()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        logits: torch.Tensor = self.layers(features)
        return logits


def hidden_widths(n_features: int, n_classes: int, n_parameters: int) -> tuple[int, ...]:
    """Return one or two hidden widths that give the number of parameters nearest to ``n_parameters``.

    One hidden layer is taken where it comes within 2 %, since it is the simpler network.

    Raises:
        OptionError: the nearest is more than 2 % away.
    """

    def miss(widths: Sequence[int]) -> int:
        return abs(count_parameters([n_features, *widths, n_classes]) - n_parameters)

    for candidates in (_one_layer(n_features, n_classes, n_parameters), _two_layers(n_features, n_parameters)):
        best = min(candidates, key=miss, default=())
        if best and miss(best) <= TOLERANCE * n_parameters:
            return best
    least = count_parameters([n_features, 1, n_classes])
    raise OptionError(
        f"no MLP from {n_features} features to {n_classes} classes has {n_parameters} parameters within 2 %; "
        f"the smallest has {least}"
    )


def count_parameters(widths: Sequence[int]) -> int:
    """Return the number of weights and biases of dense layers with these widths, input and output included."""
    return sum((n_inputs + 1) * n_outputs for n_inputs, n_outputs in pairwise(widths))


def _one_layer(n_features: int, n_classes: int, n_parameters: int) -> Iterator[tuple[int, ...]]:
    width = (n_parameters - n_classes) // (n_features + n_classes + 1)
    yield from ((candidate,) for candidate in (width, width + 1) if candidate > 0)


def _two_layers(n_features: int, n_parameters: int) -> Iterator[tuple[int, ...]]:
    for first in range(1, n_parameters // (n_features + 1) + 1):
        rest = n_parameters - (n_features + 1) * first
        yield from ((first, second) for second in range(1, rest // (first + 1) + 2))
