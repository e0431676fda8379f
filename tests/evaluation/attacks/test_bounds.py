"""Whatever is attacked, and however: nothing leaves the box, and the seed decides everything."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from qlab.evaluation.attacks.fgsm import fgsm
from qlab.evaluation.attacks.losses import (
    Attacked,
    Classifier,
    Loss,
    answers_wrongly,
    cross_entropy,
    gradient,
    has_gradient,
    margin,
)
from qlab.evaluation.attacks.pgd import Ascent, pgd
from qlab.evaluation.attacks.published import published
from qlab.evaluation.attacks.space import Ball, feature_space, normalised_space, pixel_space
from qlab.evaluation.attacks.square import share_of_pixels, square
from qlab.evaluation.attacks.transfer import transfer
from tests.evaluation.attacks.models import seeded

SHAPES = [(1, 3, 3), (2, 4, 3), (3, 1, 5), (1, 1, 6)]
NAMES = ("fgsm", "pgd", "square", "transfer")


def network(n: int, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(n, 8), nn.Tanh(), nn.Linear(8, 3)).requires_grad_(False)


def attack(name: str, inputs: Tensor, labels: Tensor, ball: Ball, shape: tuple[int, int, int], seed: int) -> Attacked:
    model, twin = network(inputs.shape[1], 0), network(inputs.shape[1], 1)
    ascent = Ascent(2, ball.radius / 2)
    if name == "fgsm":
        return fgsm(model, inputs, labels, ball)
    if name == "square":
        return square(model, inputs, labels, ball, shape, queries=20, generator=seeded(seed))
    if name == "pgd":
        return pgd(model, inputs, labels, ball, ascent, restarts=2, generator=seeded(seed))
    return transfer(model, twin, inputs, labels, ball, ascent, restarts=2, generator=seeded(seed))


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    eps=st.floats(0, 2),
    seed=st.integers(0, 2**31),
    kind=st.sampled_from(["pixel", "normalised", "feature"]),
)
def test_nothing_leaves_the_box(shape: tuple[int, int, int], eps: float, seed: int, kind: str) -> None:
    n = shape[0] * shape[1] * shape[2]
    std = torch.rand(shape[0], 1, 1, generator=seeded(seed)) + 0.1
    spaces = {"pixel": pixel_space(shape), "normalised": normalised_space(shape, std), "feature": feature_space(n)}
    space, random = spaces[kind], seeded(seed)
    inputs = torch.rand(7, n, generator=random)
    inputs[0] = inputs[0].round()  # on the bounds
    labels = torch.randint(0, 3, (7,), generator=random)
    ball = space.ball(eps)
    radius = eps * (std.expand(shape).flatten() if kind == "normalised" else torch.ones(n))
    for name in NAMES:
        found = attack(name, inputs, labels, ball, space.shape, seed)
        assert ((found.inputs - inputs).abs() <= radius + 1e-6).all()
        if kind != "feature":
            assert found.inputs.min() >= 0
            assert found.inputs.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_and_global_chance_is_left_alone(name: str) -> None:
    inputs, labels = torch.rand(30, 9, generator=seeded(3)), torch.randint(0, 3, (30,), generator=seeded(4))
    ball = pixel_space((1, 3, 3)).ball(0.05)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again, other = (attack(name, inputs, labels, ball, (1, 3, 3), seed).inputs for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, again)
    assert (name == "fgsm") == torch.equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_examples_do_not_depend_on_what_others_met(name: str) -> None:
    """Half of the examples are fooled at once in one of two batches; the others are attacked alike in both."""
    inputs, labels = torch.rand(20, 9, generator=seeded(3)), torch.zeros(20, dtype=torch.long)
    right = network(9, 0)(inputs).argmax(1)
    labels[10:] = right[10:]
    easy = labels.clone()
    easy[:10] = (right[:10] + 1) % 3
    ball = pixel_space((1, 3, 3)).ball(0.1)
    found, other = (attack(name, inputs, those, ball, (1, 3, 3), 0) for those in (labels, easy))
    assert other.fooled[:10].all()
    torch.testing.assert_close(found.inputs[10:], other.inputs[10:], atol=1e-6, rtol=0)


def test_more_restarts_and_queries_never_fool_fewer() -> None:
    inputs = torch.rand(200, 9, generator=seeded(3))
    model = network(9, 0)
    labels, ball = model(inputs).argmax(1), pixel_space((1, 3, 3)).ball(0.1)
    ascent = Ascent(3, torch.tensor(0.05))
    few, many = (pgd(model, inputs, labels, ball, ascent, restarts=n, generator=seeded()).fooled for n in (1, 4))
    assert not (few & ~many).any()
    assert 0 < few.sum() < 200


def test_gradients_are_those_of_finite_differences() -> None:
    model = network(5, 0).double()
    inputs = torch.rand(4, 5, generator=seeded(1), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 1])
    for loss in (cross_entropy, margin):
        slope, logits = gradient(model, inputs, labels, loss)
        assert torch.equal(logits, model(inputs))
        for column in range(5):
            ahead, behind = inputs.clone(), inputs.clone()
            ahead[:, column] += 1e-6
            behind[:, column] -= 1e-6
            differences = (loss(model(ahead), labels) - loss(model(behind), labels)) / 2e-6
            torch.testing.assert_close(slope[:, column], differences, atol=1e-7, rtol=0)


def test_a_margin_is_positive_where_the_answer_is_wrong() -> None:
    logits = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0]])
    assert margin(logits, torch.tensor([0, 2])).tolist() == [-1.0, 2.0]


def test_a_saturated_model_has_a_flat_cross_entropy_and_no_flat_margin() -> None:
    def sure(inputs: Tensor) -> Tensor:
        return 1e4 * torch.stack([inputs.sum(1), -inputs.sum(1)], 1)

    inputs, labels = torch.rand(6, 4, generator=seeded(0)) + 0.1, torch.zeros(6, dtype=torch.long)
    assert not gradient(sure, inputs, labels, cross_entropy)[0].any()
    assert gradient(sure, inputs, labels, margin)[0].all()
    ball = Ball(torch.tensor(2.0), torch.tensor(-2.0), torch.tensor(2.0))
    assert not fgsm(sure, inputs, labels, ball).fooled.any()
    assert fgsm(sure, inputs, labels, ball, (margin,)).fooled.all()


def unsure(inputs: Tensor) -> Tensor:
    """Return logits whose largest wrong one is the same everywhere; another one grows with the inputs."""
    kept = torch.zeros(len(inputs))
    return torch.stack([kept, kept - 0.5, inputs.sum(1) - 1], 1)


def sure(inputs: Tensor) -> Tensor:
    """Return logits so far apart that the cross entropy is flat."""
    return 1e4 * torch.stack([-inputs.sum(1) - 0.1, inputs.sum(1) - 0.5], 1)


@pytest.mark.parametrize(("model", "blind"), [(unsure, margin), (sure, cross_entropy)])
def test_restarts_in_turn_fool_what_each_loss_fools(model: Classifier, blind: Loss) -> None:
    """Each of the models withstands one of the losses."""
    inputs, labels = torch.zeros(8, 4), torch.zeros(8, dtype=torch.long)
    step = torch.tensor(0.05)
    ball = Ball(torch.tensor(0.3), torch.tensor(-1.0), torch.tensor(1.0))

    def left(*losses: Loss) -> int:
        ascent = Ascent(20, step, losses)
        return int((~pgd(model, inputs, labels, ball, ascent, restarts=2, generator=seeded()).fooled).sum())

    (other,) = {cross_entropy, margin} - {blind}
    assert left(blind) > 0
    assert left(other) == left(cross_entropy, margin) == 0
    assert fgsm(model, inputs, labels, ball, (cross_entropy, margin)).fooled.all()
    assert not fgsm(model, inputs, labels, ball, (blind,)).fooled.any()
    ascent = Ascent(20, step, (cross_entropy, margin))
    assert transfer(model, model, inputs, labels, ball, ascent, restarts=2, generator=seeded()).fooled.all()


def test_restarts_take_the_losses_in_turn_from_the_same_starts() -> None:
    inputs, labels = torch.rand(5, 9, generator=seeded(3)), torch.zeros(5, dtype=torch.long)
    ball = pixel_space((1, 3, 3)).ball(1e-3)
    met: list[tuple[str, Tensor]] = []

    def spied(name: str, loss: Loss) -> Loss:
        def spy(logits: Tensor, labels: Tensor) -> Tensor:
            met.append((name, logits.detach()))
            return loss(logits, labels)

        return spy

    def model(points: Tensor) -> Tensor:
        return torch.cat([points[:, :1] + 5, points[:, 1:3]], 1)  # never fooled so near

    both = spied("cross entropy", cross_entropy), spied("margin", margin)
    for losses in (both, both[:1]):
        pgd(model, inputs, labels, ball, Ascent(1, torch.tensor(1e-4), losses), restarts=3, generator=seeded())
    assert [name for name, _ in met] == ["cross entropy", "margin", *["cross entropy"] * 4]
    assert all(torch.equal(taken[1], alone[1]) for taken, alone in zip(met[:3], met[3:], strict=True))


def test_what_has_no_gradient_is_told_apart() -> None:
    assert has_gradient(network(3, 0), torch.rand(1, 3))
    assert not has_gradient(lambda inputs: inputs.detach().round(), torch.rand(1, 3))


@pytest.mark.parametrize("queries", [500, 10_000])
def test_squares_shrink_as_published(queries: int) -> None:
    marks = {0.0005: 0.8, 0.004: 0.4, 0.019: 0.2, 0.049: 0.1, 0.09: 0.05, 0.19: 0.025, 0.39: 0.0125, 0.9: 0.8 / 512}
    for place, share in marks.items():
        assert share_of_pixels(round(place * queries), queries) == pytest.approx(share)


def test_the_published_attack_is_that_of_its_formula_on_normalised_images() -> None:
    """Written out once more on normalised images, where it was made: start, sign, difference, clamp to [0, 1]."""
    shape, mean, std = (1, 4, 4), torch.full((1, 1, 1), 0.13), torch.full((1, 1, 1), 0.31)
    inner = network(16, 0)

    def model(pixels: Tensor) -> Tensor:
        logits: Tensor = inner((pixels - 0.13) / 0.31)
        return logits

    pixels = torch.rand(200, 16, generator=seeded(1)) * (torch.rand(200, 16, generator=seeded(2)) > 0.5)
    labels = model(pixels).argmax(1)
    found = published(model, pixels, labels, (mean, std), shape, seeded(5))
    images = (pixels - 0.13) / 0.31
    assert images.min() < -0.4
    assert torch.equal(found["published_clamp"], inner(images.clamp(0, 1)).argmax(1) != labels)
    noise = torch.rand(200, 16, generator=seeded(5)) * 0.2 - 0.1
    adversarial = (images + noise).clamp(0, 1)
    for _ in range(10):
        adversarial.requires_grad_()
        loss = nn.functional.cross_entropy(inner(adversarial), labels)
        (slope,) = torch.autograd.grad(loss, adversarial)
        moved = adversarial.detach() + 0.01 * slope.sign()
        adversarial = (images + (moved - images).clamp(-0.1, 0.1)).clamp(0, 1)
    expected = answers_wrongly(inner, adversarial, labels)
    assert (expected != found["published_pgd"]).sum() <= 1  # rounding of the two scales
    shares = {name: float(fooled.double().mean()) for name, fooled in found.items()}
    assert shares["published_clamp"] > 0.1  # wrong answers without any attack
    assert shares["pixel_pgd"] > shares["normalised_pgd"]
