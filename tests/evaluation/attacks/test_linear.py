"""On a linear model the worst case within a box is known exactly: attacks by gradients attain it, none exceeds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from qlab.evaluation.attacks.fgsm import fgsm
from qlab.evaluation.attacks.losses import LOSSES, Attacked, is_fooled
from qlab.evaluation.attacks.pgd import Ascent, pgd
from qlab.evaluation.attacks.space import Ball, pixel_space
from qlab.evaluation.attacks.square import square
from qlab.evaluation.attacks.transfer import transfer
from tests.evaluation.attacks.models import seeded

SHAPE = (1, 4, 4)


def model(n_classes: int) -> nn.Linear:
    linear = nn.Linear(16, n_classes).requires_grad_(False)
    linear.weight.copy_(torch.randn(n_classes, 16, generator=seeded(1)))
    linear.bias.copy_(-linear.weight.sum(1) / 2)  # so that all classes are about as frequent
    return linear


def examples(linear: nn.Linear, n: int = 400) -> tuple[Tensor, Tensor]:
    inputs = torch.rand(n, 16, generator=seeded(2))
    labels = linear(inputs).argmax(1)
    labels[:20] = (labels[:20] + 1) % linear.out_features  # some are answered wrongly as they are
    return inputs, labels


def withstands(
    linear: nn.Linear, inputs: Tensor, labels: Tensor, eps: float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which examples no input of the box fools, in double precision: each pair of classes by itself."""
    weights, bias = linear.weight.double().numpy(), linear.bias.double().numpy()
    points = inputs.double().numpy()
    low, high = np.maximum(points - eps, 0), np.minimum(points + eps, 1)
    kept = np.ones(len(points), bool)
    for row, label in enumerate(labels.numpy()):
        for other in set(range(len(weights))) - {int(label)}:
            slope = weights[label] - weights[other]
            least = np.where(slope > 0, low[row], high[row]) @ slope + bias[label] - bias[other]
            kept[row] &= least > 0
    return kept


def attacks(linear: nn.Linear, inputs: Tensor, labels: Tensor, ball: Ball, loss: str) -> dict[str, Attacked]:
    ascent = Ascent(20, ball.radius * 2.5 / 20, (LOSSES[loss],))
    twin = nn.Linear(16, linear.out_features).requires_grad_(False)
    twin.weight.copy_(linear.weight + torch.randn(linear.weight.shape, generator=seeded(4)) / 2)
    climb = {"restarts": 2}
    return {
        "fgsm": fgsm(linear, inputs, labels, ball, (LOSSES[loss],)),
        "pgd": pgd(linear, inputs, labels, ball, ascent, generator=seeded(), **climb),
        "square": square(linear, inputs, labels, ball, SHAPE, queries=300, generator=seeded()),
        "transfer": transfer(linear, twin, inputs, labels, ball, ascent, generator=seeded(), **climb),
    }


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("eps", [0.01, 0.05, 0.1, 0.2, 0.6])
def test_two_classes(eps: float, loss: str) -> None:
    linear = model(2)
    inputs, labels = examples(linear)
    exact = withstands(linear, inputs, labels, eps)
    found = attacks(linear, inputs, labels, pixel_space(SHAPE).ball(eps), loss)
    for name in ("fgsm", "pgd"):
        assert (~found[name].fooled.numpy() == exact).all(), name
    for name in ("square", "transfer"):
        assert not (found[name].fooled.numpy() & exact).any(), name
    assert (eps < 0.6) == bool(exact.any())


@pytest.mark.parametrize("eps", [0.02, 0.05, 0.1])
def test_several_classes_are_never_attacked_beyond_the_worst_case(eps: float) -> None:
    linear = model(5)
    inputs, labels = examples(linear)
    exact = withstands(linear, inputs, labels, eps)
    assert 20 < exact.sum() < 380
    found = attacks(linear, inputs, labels, pixel_space(SHAPE).ball(eps), "margin")
    for name, attacked in found.items():
        assert not (attacked.fooled.numpy() & exact).any(), name
    assert found["pgd"].fooled.numpy().sum() >= 0.97 * (~exact).sum()


def test_what_fools_is_handed_over_and_wrong_answers_count_as_such() -> None:
    linear = model(5)
    inputs, labels = examples(linear)
    for name, found in attacks(linear, inputs, labels, pixel_space(SHAPE).ball(0.05), "cross_entropy").items():
        assert found.fooled[:20].all(), name
        wrong = is_fooled(linear(found.inputs), labels)
        assert (wrong | ~found.fooled)[20:].all(), name
        assert not (wrong & ~found.fooled).any(), name


def test_nothing_moves_at_zero_eps() -> None:
    linear = model(3)
    inputs, labels = examples(linear)
    ball = pixel_space(SHAPE).ball(0.0)
    for name, found in attacks(linear, inputs, labels, ball, "cross_entropy").items():
        torch.testing.assert_close(found.inputs, inputs, atol=1e-7, rtol=0)
        assert torch.equal(found.fooled, is_fooled(linear(inputs), labels)), name
