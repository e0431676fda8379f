"""The block of the published code: what is trained, what is not, and what batch normalisation does meanwhile."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from qlab.backends.engine import EngineBackend
from qlab.encoders.resnet18_published import PublishedBlock, ResNet18Published
from qlab.errors import OptionError
from qlab.heads.head import Fronted
from qlab.heads.vqc import VQC

SHAPE = (1, 12, 12)
CONVOLUTION, PROJECTION = 3136, 4104  # 7 x 7 x 64; 512 x 8 + 8
REST = 11_170_240 - CONVOLUTION  # of a ResNet18 without classifier, for one channel


def published(convolution: bool = True, projection: bool = True, seed: int = 0) -> PublishedBlock:
    encoder = ResNet18Published(n_features=8, train_convolution=convolution, train_projection=projection, seed=seed)
    block = encoder.block(SHAPE, torch.Generator().manual_seed(3))
    assert isinstance(block, PublishedBlock)
    return block


def batch(count: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("convolution", "projection", "trained"),
    [(True, True, CONVOLUTION + PROJECTION), (False, True, PROJECTION), (True, False, CONVOLUTION), (False, False, 0)],
)
def test_what_is_trained(convolution: bool, projection: bool, trained: int) -> None:
    block = published(convolution, projection)
    counts = {kind: sum(p.numel() for p in block.parameters() if p.requires_grad is kind) for kind in (True, False)}
    assert counts[True] == trained
    assert counts[True] + counts[False] == REST + CONVOLUTION + PROJECTION


def test_the_frozen_weights_have_a_seed_of_their_own() -> None:
    first, second = published(), published(seed=1)
    assert torch.equal(first.convolution.weight, second.convolution.weight)
    assert torch.equal(first.projection.weight, second.projection.weight)
    frozen = "backbone.network.encoder.stages.0.layers.0.layer.0.convolution.weight"
    assert not torch.equal(first.state_dict()[frozen], second.state_dict()[frozen])


def test_the_first_convolution_has_pytorchs_first_weights_not_those_of_the_network() -> None:
    weights = published().convolution.weight.detach()
    assert float(weights.abs().max()) <= 1 / 7
    assert float(weights.std()) == pytest.approx(1 / 7 / 3**0.5, rel=0.05)


def test_a_step_changes_what_is_trained_and_the_statistics_alone() -> None:
    block = published()
    before = {name: tensor.clone() for name, tensor in block.state_dict().items()}
    optimizer = torch.optim.Adam(block.parameters())
    block.train()(batch()).square().sum().backward()
    optimizer.step()
    changed = {name for name, tensor in block.state_dict().items() if not torch.equal(tensor, before[name])}
    trained = {name for name, parameter in block.named_parameters() if parameter.requires_grad}
    statistics = {name for name in before if name.endswith(("running_mean", "running_var", "num_batches_tracked"))}
    assert len(trained) == 3
    assert changed == trained | statistics


def test_the_batch_normalises_in_training_and_running_statistics_in_evaluation() -> None:
    block, image = published(), batch(1)
    with torch.no_grad():
        trained = [block.train()(torch.cat([image, batch(5, seed)]))[0] for seed in (1, 2)]
        evaluated = [block.eval()(torch.cat([image, batch(5, seed)]))[0] for seed in (1, 2)]
    assert float((trained[0] - trained[1]).abs().max()) > 1e-2
    torch.testing.assert_close(evaluated[0], evaluated[1], atol=1e-5, rtol=1e-5)


def test_gradients_through_circuit_and_batch_norm_are_those_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    head = VQC(8, 2, EngineBackend(precision="double"), generator, n_layers=1, init="uniform", init_scale=1.0)
    block = published()
    model = Fronted(nn.Sequential(nn.Unflatten(1, SHAPE), block), head).double().train()
    assert model.trains_inputs
    pixels, labels = batch(4).flatten(1).double(), torch.tensor([0, 1, 1, 0])

    def loss() -> torch.Tensor:
        return nn.functional.cross_entropy(model(pixels), labels)

    loss().backward()
    for parameter in (block.convolution.weight, block.projection.weight):
        assert parameter.grad is not None
        place = int(parameter.grad.abs().argmax())
        slope, values = float(parameter.grad.flatten()[place]), parameter.detach().view(-1)
        ends = []
        for shift in (1e-6, -2e-6):
            values[place] += shift
            ends.append(float(loss().detach()))
        values[place] += 1e-6
        assert abs(slope) > 1e-5
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


def test_one_image_cannot_be_trained_on() -> None:
    with pytest.raises(OptionError, match=r"batch of one example: choose trainer\.batch_size"):
        published().train()(batch(1))
    assert published().eval()(batch(1)).shape == (1, 8)
