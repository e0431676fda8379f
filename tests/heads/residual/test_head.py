"""The head: what it computes, what it draws, how it is trained."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.errors import OptionError
from qlab.heads.residual.head import Residual
from qlab.heads.residual.maps import block, classical_block
from qlab.heads.residual.outcomes import depolarised, misread
from qlab.heads.residual.parameters import ResidualBlock, WeightBlock
from qlab.heads.residual.trotter import trotterised
from qlab.progress import Silent
from qlab.training.staged import fit_staged
from qlab.training.trainer import Examples, Trainer, predict
from tests.heads.residual.states import as_features, generator, random_states, random_vectors

EXACT = 1e-12


def residual(n_features: int = 32, seed: int = 0, n_classes: int = 2, **options: Any) -> Residual:
    """Return a head in double precision, ready to be evaluated."""
    return Residual(n_features, n_classes, EngineBackend(), generator(seed), **options).double().eval()


def blocks_of(head: Residual) -> list[ResidualBlock]:
    return [cast("ResidualBlock", one) for one in head.blocks]


def executed(head: Residual, features: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return head.last_diagonal(features)


@pytest.mark.parametrize("activation", ["relu", "softmax", "sigmoid"])
@pytest.mark.parametrize("parametrisation", ["unitary", "weights"])
def test_it_is_the_map_of_its_unitaries(activation: Any, parametrisation: str) -> None:
    head = residual(blocks=3, alpha=0.3, activation=activation, parametrisation=parametrisation)
    states = random_states(5, 4, generator(1))
    features = as_features(states)
    for one, (plus, minus) in zip(blocks_of(head), head.unitaries().detach(), strict=True):
        states = block(states, plus, minus, 0.3, activation, 8.0, one.scale())
    expected = states.diagonal(dim1=-2, dim2=-1).real
    assert (executed(head, features) - expected).abs().max() < EXACT
    assert (head.last_diagonal(features) - expected).abs().max() < EXACT  # what is differentiated


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_translated_weights_are_the_classical_network(alpha: float) -> None:
    head = residual(
        50, n_classes=10, blocks=4, alpha=alpha, activation="relu", parametrisation="weights", inputs="probabilities"
    )
    vectors = random_vectors(6, 50, generator(2))
    expected = torch.nn.functional.pad(vectors, (0, 14))
    for one in blocks_of(head):
        assert isinstance(one, WeightBlock)
        expected = classical_block(expected, one.weights.detach(), alpha, "relu", 8.0)
    assert (executed(head, 3 * vectors) - expected).abs().max() < EXACT  # features need not add up to 1


def test_the_diagonal_analog_sees_no_coherence() -> None:
    states = random_states(4, 4, generator(3))
    dephased = torch.diag_embed(states.diagonal(dim1=-2, dim2=-1))
    for diagonal, changes in ((True, False), (False, True)):
        head = residual(diagonal=diagonal)
        found = (executed(head, as_features(states)) - executed(head, as_features(dephased))).abs().max()
        assert (found > 1e-3) == changes


def test_noise_and_trotter_steps_act_on_the_outcomes() -> None:
    """One block with all its weight on what is measured: its diagonal is the softmax of the noisy scores."""
    head = residual(blocks=1, alpha=1.0, sharpness=2.0, depolarizing=0.2, flip=0.1, trotter_steps=3)
    states = random_states(3, 4, generator(4))
    clean = residual(blocks=1, alpha=1.0, sharpness=2.0).unitaries().detach()[0]
    padded = torch.nn.functional.pad(states, (0, 4, 0, 4))
    signed = []
    for unitary in trotterised(clean, 3):
        outcomes = (unitary @ padded @ unitary.mH).diagonal(dim1=-2, dim2=-1).real
        signed.append(misread(depolarised(outcomes, 0.2), 0.1))
    expected = torch.softmax(2 * (signed[0] - signed[1])[:, :4], -1)
    assert (executed(head, as_features(states)) - expected).abs().max() < EXACT


def test_shots_are_drawn_by_the_seed_and_the_examples_and_have_the_right_spread() -> None:
    options: dict[str, Any] = {"blocks": 1, "alpha": 1.0, "activation": "softmax", "sharpness": 1e-3}
    state = as_features(random_states(1, 4, generator(5)))
    features = state.expand(3000, 32).contiguous()
    shots = 100
    drawn = executed(residual(shots=shots, **options), features)
    assert torch.equal(drawn, executed(residual(shots=shots, **options), features))
    assert not torch.equal(drawn, executed(residual(shots=shots, shots_seed=1, **options), features))
    assert not torch.equal(drawn[:10], executed(residual(shots=shots, **options), features[:10]))

    def scores(diagonals: torch.Tensor) -> torch.Tensor:  # so flat a softmax shows them
        return (diagonals.log() - diagonals.log().mean(-1, keepdim=True)) * 1e3

    ideal = scores(executed(residual(**options), state))[0]
    found = scores(drawn)
    spread = found.std(0)
    assert ((found.mean(0) - ideal).abs() < 5 * spread / 3000**0.5).all()
    assert spread.max() < 2 / shots**0.5
    assert residual(blocks=3, shots=shots).copies == 4 * shots * 3


def test_phases_change_what_shots_see_but_nothing_exact() -> None:
    """The smaller the scale, the more outcomes count: what shots shift goes with the root of the scale."""
    vectors = random_vectors(400, 32, generator(6))
    shifts = {}
    for phases in ("zero", "random", "optimised"):
        options: dict[str, Any] = {
            "blocks": 1,
            "activation": "relu",
            "parametrisation": "weights",
            "inputs": "probabilities",
            "phases": phases,
        }
        exact = executed(residual(32, **options), vectors)
        shifts[phases] = float((executed(residual(32, shots=2000, **options), vectors) - exact).square().mean().sqrt())
        assert (exact - executed(residual(32, **{**options, "phases": "zero"}), vectors)).abs().max() < 1e-9
    assert shifts["random"] < 0.8 * shifts["zero"]
    assert shifts["optimised"] < 0.9 * shifts["random"]


def test_gradients_are_those_of_finite_differences() -> None:
    head = residual(8, blocks=2, parametrisation="unitary").train()
    features = as_features(random_states(3, 2, generator(7)))
    parameters = dict(head.named_parameters())

    def values(*tensors: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(head, dict(zip(parameters, tensors, strict=True)), (features,))  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(values, tuple(parameters.values()))


def test_groups_of_outcomes_are_probabilities_of_classes() -> None:
    head = residual(n_classes=2, readout="groups", blocks=1)
    states = random_states(3, 4, generator(8))
    features = as_features(states)
    with torch.no_grad():
        shares = torch.softmax(head(features), -1)
    diagonal = executed(head, features)
    torch.testing.assert_close(shares, diagonal.reshape(3, 2, 2).sum(-1), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("n_features", "options", "message"),
    [
        (10, {}, "real and imaginary parts"),
        (18, {}, "real and imaginary parts"),
        (32, {"blocks": 0, "readout": "groups"}, "nothing to train"),
        (32, {"readout": "groups", "n_classes": 5}, "an outcome per class"),
    ],
)
def test_what_does_not_fit_is_refused(n_features: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        residual(n_features, **options)


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(OptionError, match="the trace of one is not 1"):
        residual(32)(torch.ones(2, 32))
    with pytest.raises(OptionError, match="not negative"):
        residual(4, inputs="probabilities")(-torch.ones(2, 4))


def separable_and_not(count: int) -> Examples:
    """Return Bell states along X or along Y in noise: coherences alone tell them apart."""
    labels = torch.arange(count) % 2
    corner = torch.where(labels == 0, 0.5, -0.5) * torch.linspace(0.5, 1.0, count)
    states = torch.diag(torch.tensor([0.5, 0, 0, 0.5])).repeat(count, 1, 1).to(torch.complex64)
    states[:, 0, 3] = states[:, 3, 0] = corner.to(torch.complex64)
    return Examples(as_features(states), labels)


def fit(head: Residual, folder: Path, epochs: int = 12) -> Any:
    known = separable_and_not(80)
    trainer = Trainer(lr=0.05, epochs=epochs, batch_size=20, keep="last")
    return fit_staged(
        trainer, head, known, known, seed=0, checkpoint=folder / "c.safetensors", identity="x", progress=Silent()
    )


def test_greedy_training_adds_block_after_block(tmp_path: Path) -> None:
    head = Residual(32, 2, EngineBackend(), generator(0), blocks=3, training="greedy")
    seen: list[tuple[int, list[bool]]] = []
    begin = head.begin

    def noted(start: int, stage: int) -> None:
        begin(start, stage)
        seen.append((head.depth, [next(one.parameters()).requires_grad for one in head.blocks]))

    head.begin = noted  # type: ignore[method-assign]
    first = [copy.deepcopy(one.state_dict()) for one in head.blocks]
    outcome = fit(head, tmp_path)
    assert seen == [(1, [True, False, False]), (2, [False, True, False]), (3, [False, False, True])]
    assert [row.epoch for row in outcome.history] == list(range(1, 37))
    assert all(
        (one.state_dict()["entries"] != before["entries"]).any() for one, before in zip(head.blocks, first, strict=True)
    )
    assert all(parameter.requires_grad for parameter in head.parameters())
    assert list(tmp_path.iterdir()) == []
    known = separable_and_not(80)
    assert (predict(head, known.features).argmax(1) == known.labels).double().mean() > 0.95


def test_of_several_starts_the_one_with_the_least_training_loss_is_kept(tmp_path: Path) -> None:
    class Started(Residual):
        number = 0

        def begin(self, start: int, stage: int) -> None:
            super().begin(self.number, stage)

    losses = []
    for number in range(3):
        single = Started(32, 2, EngineBackend(), generator(1), blocks=1)
        single.number = number
        (tmp_path / str(number)).mkdir()
        losses.append(fit(single, tmp_path / str(number), 2).history[-1].train_loss)
    outcome = fit(Residual(32, 2, EngineBackend(), generator(1), blocks=1, restarts=3), tmp_path, 2)
    assert [row.train_loss for row in outcome.history][1::2] == losses
    assert outcome.kept_epoch == 2 * (int(np.argmin(losses)) + 1)
    assert outcome.history[outcome.kept_epoch - 1].train_loss == min(losses)


def test_a_staged_training_that_was_interrupted_ends_with_the_same_bits(tmp_path: Path) -> None:
    class Interrupted(Silent):
        def __init__(self, after: int) -> None:
            self.left = after

        def say(self, message: str) -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    def head() -> Residual:
        return Residual(32, 2, EngineBackend(), generator(2), blocks=2, training="greedy", restarts=2)

    known = separable_and_not(80)
    whole = fit(head(), tmp_path, 3)
    trainer = Trainer(lr=0.05, epochs=3, batch_size=20, keep="last")
    place: dict[str, Any] = {"seed": 0, "checkpoint": tmp_path / "c.safetensors", "identity": "x"}
    with pytest.raises(KeyboardInterrupt):
        fit_staged(trainer, head(), known, known, progress=Interrupted(7), **place)
    again = fit_staged(trainer, head(), known, known, progress=Silent(), **place)
    assert all(torch.equal(again.weights[name], tensor) for name, tensor in whole.weights.items())
    assert [row.train_loss for row in again.history] == [row.train_loss for row in whole.history]
