"""Signs of masked gradients: seen where they are made, and not where they are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from qlab.evaluation.attacks.checks import flat_gradients, more_steps, not_stronger, reaches_zero, stronger_loss
from qlab.evaluation.attacks.pgd import Ascent, pgd
from qlab.evaluation.attacks.shares import Fooled, excess, share
from qlab.evaluation.attacks.space import pixel_space
from qlab.evaluation.attacks.square import square
from tests.evaluation.attacks.models import cnn, digits, seeded

BOTH = ["cross_entropy", "margin"]


def fooled(*counts: int, n: int = 100) -> Fooled:
    """Return for each count that the first so many of n examples are fooled."""
    return np.stack([np.arange(n) < count for count in counts])


def test_a_share_has_the_wilson_interval() -> None:
    found = share(fooled(30)[0])
    assert (found.n, found.right, found.accuracy) == (100, 70, 0.7)
    centre, half = (0.7 + 1.96**2 / 200) / (1 + 1.96**2 / 100), 0.0884
    assert found.low == pytest.approx(centre - half, abs=1e-3)
    assert found.high == pytest.approx(centre + half, abs=1e-3)
    assert share(fooled(100)[0]).low == 0


def test_an_excess_is_a_sign_test_at_the_eps_that_tells_most() -> None:
    first, second = fooled(10, 50), fooled(10, 42)
    found = excess(first, second)
    assert (found.place, found.more, found.fewer) == (1, 8, 0)
    assert found.p == pytest.approx(2 * 0.5**8)  # one side, two eps
    assert excess(second, first).p == 1
    assert excess(first, first).p == 1


@pytest.mark.parametrize(
    ("accuracy", "reach", "verdict"),
    [
        (0.0, 0.01, "passed"),
        (0.01, 0.5, "passed"),
        (0.05, 0.5, "unclear"),
        (0.3, 0.1, "unclear"),
        (0.3, 0.5, "suspicious"),
    ],
)
def test_nothing_may_withstand_the_largest_eps(accuracy: float, reach: float, verdict: str) -> None:
    check = reaches_zero(accuracy, "0.5", reach, 10, BOTH)
    assert check.verdict == verdict
    assert f"PGD on the cross entropy and the margin leaves {100 * accuracy:.1f} %" in check.sentence


@pytest.mark.parametrize(
    ("counts", "verdict", "said"),
    [
        ((40, 44, 45, 45), "passed", "10 are enough"),
        ((40, 44, 45, 60), "unclear", "10 are too few, since 20 fool more; set steps=20"),
        ((60, 44, 45, 45), "suspicious", "are weaker than 2"),
    ],
)
def test_more_steps_are_never_weaker(counts: tuple[int, ...], verdict: str, said: str) -> None:
    found = dict(zip((2, 5, 10, 20), fooled(*counts), strict=True))
    check = more_steps(found, 10, "0.1", ["cross_entropy"])
    assert (check.verdict, said in check.sentence) == (verdict, True), check.sentence
    assert "PGD on the cross entropy leaves" in check.sentence


@pytest.mark.parametrize(
    ("alone", "together", "losses", "verdict", "said"),
    [
        ((50, 52), 53, BOTH, "passed", "neither loss is weaker"),
        ((50, 60), 61, BOTH, "passed", "the cross entropy alone leaves more"),
        ((60, 50), 61, BOTH, "passed", "the margin alone leaves more"),
        ((50, 60), 50, ["cross_entropy"], "suspicious", "the margin fools more (p 0.002); set loss=both, restarts=2"),
        ((60, 50), 50, ["margin"], "suspicious", "the cross entropy fools more"),
        ((50, 70), 60, BOTH, "suspicious", "the margin fools more (p 0.002); set more restarts, or loss=margin"),
    ],
)
def test_a_loss_that_is_weaker_is_named(
    alone: tuple[int, int], together: int, losses: list[str], verdict: str, said: str
) -> None:
    of_each = dict(zip(BOTH, fooled(*alone), strict=True))
    check = stronger_loss(of_each, fooled(together)[0], losses, "8/255")
    assert (check.verdict, said in check.sentence) == (verdict, True), check.sentence
    shares = f"with the cross entropy alone {100 - alone[0]}.0 %, with the margin alone {100 - alone[1]}.0 %"
    assert shares in check.sentence


@pytest.mark.parametrize(("count", "verdict"), [(50, "passed"), (53, "passed"), (70, "suspicious")])
def test_no_other_attack_is_stronger_than_pgd(count: int, verdict: str) -> None:
    check = not_stronger("square", fooled(10, count), fooled(10, 50), ["0.1", "0.2"])
    assert check.verdict == verdict
    if count > 50:
        assert f"at eps 0.2, where only it fools {count - 50} examples and only PGD 0" in check.sentence


def test_gradients_that_are_zero_are_seen() -> None:
    assert flat_gradients(0.0, BOTH).verdict == "passed"
    one, both = (flat_gradients(0.4, losses) for losses in (["cross_entropy"], BOTH))
    assert (one.verdict, both.verdict) == ("suspicious", "suspicious")
    assert "loss=both" in one.sentence
    assert "set" not in both.sentence


def test_a_model_with_masked_gradients_is_seen_and_the_same_without_passes() -> None:
    """Pixels that are rounded with a bent slope: the gradient is the wrong way, and random search needs none."""
    inputs, labels = digits(400)
    plain = cnn(inputs, labels)
    inputs, labels = inputs[:150], labels[:150]

    class Masked(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            steps = (images * 16).round() / 16
            logits: Tensor = plain(
                steps.detach() + 1e-3 * (images - images.detach()) * torch.sin(997 * images).detach()
            )
            return logits

    eps, ball = 0.12, pixel_space((1, 8, 8)).ball(0.12)
    verdicts = []
    for model in (plain, Masked()):
        ascent = Ascent(10, torch.tensor(2.5 * eps / 10))
        by_gradient = pgd(model, inputs, labels, ball, ascent, restarts=1, generator=seeded()).fooled.numpy()
        searched = square(model, inputs, labels, ball, (1, 8, 8), queries=300, generator=seeded()).fooled.numpy()
        verdicts.append(not_stronger("square", searched[None], by_gradient[None], ["0.12"]).verdict)
    assert verdicts == ["passed", "suspicious"]
