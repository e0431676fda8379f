"""The operations of convolutions, against counts by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from qlab.training.flops import forward_with_flops


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # outputs x (inputs of each) x 2
        ([nn.Conv2d(1, 16, 3, padding=1)], 28 * 28 * 16 * 9 * 2),
        ([nn.Conv2d(1, 16, 5, stride=2)], 12 * 12 * 16 * 25 * 2),
        (
            [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1, groups=4)],
            28 * 28 * 16 * 9 * 2 + 14 * 14 * 32 * 9 * 4 * 2,
        ),
        ([nn.Flatten(), nn.Linear(784, 10)], 0),  # no convolution
        ([nn.ReLU()], 0),  # nothing that is counted
    ],
)
def test_operations_are_those_of_the_convolutions(layers: list[nn.Module], expected: int) -> None:
    model = nn.Sequential(*layers)
    images = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0), requires_grad=True)
    outputs, flops = forward_with_flops(model, images)
    assert flops == expected
    torch.testing.assert_close(outputs, model(images))
    outputs.sum().backward()
    assert images.grad is not None
