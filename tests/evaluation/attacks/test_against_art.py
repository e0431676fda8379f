"""Agreement with an independent implementation, the Adversarial Robustness Toolbox."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from qlab.evaluation.attacks.fgsm import fgsm
from qlab.evaluation.attacks.pgd import Ascent, ascend
from qlab.evaluation.attacks.space import pixel_space
from qlab.evaluation.attacks.square import square
from tests.evaluation.attacks.models import cnn, digits, quantum, seeded

evasion: Any = pytest.importorskip("art.attacks.evasion")
estimators: Any = pytest.importorskip("art.estimators.classification")
N = 120
KINDS = ("cnn", "quantum")
Case = tuple[nn.Module, Tensor, Tensor]


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    inputs, labels = digits(600)
    three, names = digits(300, 3)
    return {
        "cnn": (cnn(inputs, labels), inputs[:N], labels[:N]),
        "quantum": (quantum(three, names, 3), three[:N], names[:N]),
    }


def wrapped(model: nn.Module, shape: tuple[int, ...], n_classes: int) -> Any:
    return estimators.PyTorchClassifier(
        model=model,
        loss=nn.CrossEntropyLoss(),
        input_shape=shape,
        nb_classes=n_classes,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )


def close(found: Tensor, theirs: np.ndarray[Any, Any], inputs: Tensor) -> None:
    """Agree to rounding, and be an attack at all."""
    np.testing.assert_allclose(found.numpy(), theirs.reshape(len(inputs), -1), atol=2e-6, rtol=0)
    assert float((found - inputs).abs().max()) > 0.005


@pytest.mark.parametrize("eps", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("kind", KINDS)
def test_fgsm(kind: str, eps: float, cases: dict[str, Case]) -> None:
    model, inputs, labels = cases[kind]
    attack = evasion.FastGradientMethod(wrapped(model, (64,), int(labels.max()) + 1), eps=eps, batch_size=N)
    theirs = attack.generate(inputs.numpy(), labels.numpy())
    found = fgsm(model, inputs, labels, pixel_space((1, 8, 8)).ball(eps))
    close(found.inputs, theirs, inputs)
    with torch.no_grad():
        assert torch.equal(
            found.fooled, (model(torch.tensor(theirs)).argmax(1) != labels) | (model(inputs).argmax(1) != labels)
        )


@pytest.mark.parametrize(("eps", "step", "steps"), [(0.03, 0.01, 7), (0.1, 0.01, 10), (0.1, 0.025, 10)])
@pytest.mark.parametrize("kind", KINDS)
def test_pgd_from_the_same_start(kind: str, eps: float, step: float, steps: int, cases: dict[str, Case]) -> None:
    model, inputs, labels = cases[kind]
    attack = evasion.ProjectedGradientDescent(
        wrapped(model, (64,), int(labels.max()) + 1), eps=eps, eps_step=step, max_iter=steps, num_random_init=0,
        batch_size=N, verbose=False,
    )  # fmt: skip
    ball = pixel_space((1, 8, 8)).ball(eps)
    found = ascend(model, inputs, labels, ball, Ascent(steps, torch.tensor(step)), inputs)
    close(found, attack.generate(inputs.numpy(), labels.numpy()), inputs)


def test_square_fools_as_many(cases: dict[str, Case]) -> None:
    """Both search at random: over several seeds their rates of success agree within the errors of both."""
    model, inputs, labels = cases["cnn"]
    eps, queries, seeds = 0.12, 150, range(2)
    images = nn.Sequential(nn.Flatten(), model).eval()
    ours, theirs = [], []
    for seed in seeds:
        ball = pixel_space((1, 8, 8)).ball(eps)
        found = square(model, inputs, labels, ball, (1, 8, 8), queries=queries, generator=seeded(seed))
        ours.append(float(found.fooled.double().mean()))
        state = np.random.get_state()  # noqa: NPY002 (theirs is drawn from it)
        np.random.seed(seed)  # noqa: NPY002
        attack = evasion.SquareAttack(
            wrapped(images, (1, 8, 8), 10), eps=eps, max_iter=queries, batch_size=N, verbose=False
        )
        made = attack.generate(inputs.reshape(-1, 1, 8, 8).numpy(), labels.numpy())
        np.random.set_state(state)  # noqa: NPY002
        with torch.no_grad():
            theirs.append(float((images(torch.tensor(made)).argmax(1) != labels).double().mean()))
    rate = (np.mean(ours) + np.mean(theirs)) / 2
    assert 0.2 < rate < 0.9
    # The same examples each time, so that chance moves the rate less than independent ones would.
    assert abs(np.mean(ours) - np.mean(theirs)) < 5 * (2 * rate * (1 - rate) / (N * len(seeds))) ** 0.5
