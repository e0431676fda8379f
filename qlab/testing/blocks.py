"""What every trainable block must be: checks that an author of one can call in a test.

Every check takes a function that makes the encoder of the block with fixed options, and raises ``AssertionError`` with
the reason. ``check_block`` does them all; as an encoder it has to pass ``check_encoder``, too.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from qlab.encoders.trainable import Block, TrainableEncoder
from qlab.testing.require import require, require_close

MakeEncoder = Callable[[], TrainableEncoder]
BATCH_TOLERANCE = 1e-5
"""Largest change of a feature between batches in evaluation: float32 rounding, nothing more."""


def check_block(make: MakeEncoder, image_shape: tuple[int, ...], n_features: int) -> None:
    """Run every check on a block from images of shape (C, H, W) to ``n_features``."""
    images = torch.randn(13, *image_shape, generator=torch.Generator().manual_seed(0))
    check_features(make, images, n_features)
    check_seeded(make, image_shape)
    check_gradients(make, images)
    check_evaluation(make, images)
    check_state(make, images)


def check_features(make: MakeEncoder, images: Tensor, n_features: int) -> None:
    """Features are finite, of the type of the images and of shape (B, n_features), in both modes."""
    block = _make(make, images.shape[1:])
    require(block.n_features == n_features, f"it says that it leaves {block.n_features} features, not {n_features}")
    for training in (True, False):
        features = block.train(training)(images)
        require(features.shape == (len(images), n_features), f"features of 13 images are {tuple(features.shape)}")
        require(features.dtype == images.dtype, f"features are {features.dtype}, not {images.dtype}")
        require(bool(features.isfinite().all()), "some features are not finite")


def check_seeded(make: MakeEncoder, image_shape: tuple[int, ...]) -> None:
    """The generator alone decides the first values of what is trained, and chance outside is left alone."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again, other = (_trained(_make(make, image_shape, seed)) for seed in (0, 0, 1))
    require(torch.equal(torch.rand(3), expected), "it changes PyTorch's global random numbers")
    require(torch.equal(first, again), "the same seed gives different first weights")
    require(not len(first) or not torch.equal(first, other), "two seeds give the same first weights")


def check_gradients(make: MakeEncoder, images: Tensor) -> None:
    """Every parameter that is trained gets a finite gradient in training mode, and no other gets one."""
    block = _make(make, images.shape[1:]).train()
    features = block(images)
    require(features.requires_grad == bool(len(_trained(block))), "it trains what gets no gradient, or the reverse")
    if features.requires_grad:
        features.square().sum().backward()
    for name, parameter in block.named_parameters():
        if not parameter.requires_grad:
            require(parameter.grad is None, f"{name} is frozen, but gets a gradient")
            continue
        require(parameter.grad is not None, f"{name} gets no gradient")
        assert parameter.grad is not None
        require(bool(parameter.grad.isfinite().all()), f"the gradient of {name} is not finite")


def check_evaluation(make: MakeEncoder, images: Tensor) -> None:
    """Evaluation changes nothing, and an image has the same features in any batch unless the block says otherwise."""
    block = _make(make, images.shape[1:])
    block.train()(images)  # which may gather statistics
    before = {name: tensor.clone() for name, tensor in block.state_dict().items()}
    block.eval()
    with torch.no_grad():
        together = block(images)
        pairs = torch.cat([block(pair) for pair in images.split(2)])
    for name, tensor in block.state_dict().items():
        require(torch.equal(tensor, before[name]), f"evaluation changed {name}")
    if block.batch_dependent:
        require(not torch.allclose(together, pairs), "it says that it depends on the batch, but does not")
    else:
        require_close(together, pairs, BATCH_TOLERANCE, "features in batches of 13 and of 2 differ")


def check_state(make: MakeEncoder, images: Tensor) -> None:
    """The state alone makes another block of the same options the same."""
    block, other = _make(make, images.shape[1:]), _make(make, images.shape[1:], 1)
    block.train()(images)
    other.load_state_dict(block.state_dict())
    with torch.no_grad():
        require(torch.equal(block.eval()(images), other.eval()(images)), "the restored block differs")


def _make(make: MakeEncoder, image_shape: tuple[int, ...], seed: int = 0) -> Block:
    return make().block(tuple(image_shape), torch.Generator().manual_seed(seed))


def _trained(block: Block) -> Tensor:
    trained = [parameter.detach().flatten() for parameter in block.parameters() if parameter.requires_grad]
    return torch.cat(trained) if trained else torch.empty(0)
