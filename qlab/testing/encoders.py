"""What every frozen block must be: checks that an author of one can call in a test.

Every check takes a function that makes a new, unfitted encoder with fixed options, and raises ``AssertionError`` with
the reason. ``check_encoder`` does them all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import nn

from qlab.data.dataset import Dataset, FloatArray
from qlab.encoders.encoder import Encoder, FitContext

MakeEncoder = Callable[[], Encoder]

BATCH_TOLERANCE = 1e-4
"""Largest change of a feature between batches, relative to max(1, its size): float32 rounding, nothing more."""


def check_encoder(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """Run every check; the first half of ``data`` is the training split, the rest (at least 37 images) is new."""
    check_features(make, data, context)
    check_deterministic(make, data, context)
    check_each_image_alone(make, data, context)
    check_frozen(make, data, context)
    check_state(make, data, context)


def check_features(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """Features are finite, float32, of shape (N, n) with the same n for 0, 1 and many images; fitting spares them."""
    encoder, new = _fitted(make, data, context), _new(data)
    features = encoder.transform(new)
    _require(features.dtype == np.float32, f"features are {features.dtype}, not float32")
    _require(features.ndim == 2 and len(features) == len(new), f"features of {len(new)} images are {features.shape}")
    _require(bool(np.isfinite(features).all()), "some features are not finite")
    for count in (0, 1):
        shape = encoder.transform(new[:count]).shape
        _require(shape == (count, features.shape[1]), f"features of {count} images are {shape}")


def check_deterministic(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """Two encoders with the same options and training split give the same features, and leave the images alone."""
    images = data.images.copy()
    first, second = (_fitted(make, data, context).transform(_new(data)) for _ in range(2))
    _require(np.array_equal(first, second), "two fits with the same seed give different features")
    _require(np.array_equal(images, data.images), "fit or transform changed the images")


def check_each_image_alone(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """An image has the same features alone, in any batch, and whatever other images were seen before."""
    encoder, new = _fitted(make, data, context), _new(data)[:37]
    together = encoder.transform(new)
    encoder.transform(_strange(new))
    _require(np.array_equal(together, encoder.transform(new)), "features depend on images that were seen before")
    for size, complaint in ((1, "alone"), (12, "in a batch of 12")):
        batches = [encoder.transform(new[start : start + size]) for start in range(0, len(new), size)]
        _require_close(together, np.concatenate(batches), f"features in a batch of {len(new)} and {complaint} differ")
    backwards = encoder.transform(new[::-1])[::-1]
    _require_close(together, backwards, "features depend on the place in the batch")


def check_frozen(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """``transform`` changes no fitted array, and torch modules are frozen and in evaluation mode."""
    encoder = _fitted(make, data, context)
    before = {name: array.copy() for name, array in encoder.state().items()}
    encoder.transform(_strange(_new(data)))
    after = encoder.state()
    _require(before.keys() == after.keys(), "transform changed the names in the state")
    for name, array in before.items():
        _require(np.array_equal(array, after[name]), f"transform changed {name}")
    for module in (value for value in vars(encoder).values() if isinstance(value, nn.Module)):
        _require(
            not any(parameter.requires_grad for parameter in module.parameters()), "a parameter requires a gradient"
        )
        _require(not any(part.training for part in module.modules()), "a module is in training mode")


def check_state(make: MakeEncoder, data: Dataset, context: FitContext) -> None:
    """A new encoder with the restored state is the same: features, number of parameters, provenance."""
    encoder, restored = _fitted(make, data, context), make()
    restored.load_state({name: array.copy() for name, array in encoder.state().items()})
    new = _new(data)
    _require(np.array_equal(encoder.transform(new), restored.transform(new)), "the restored encoder differs")
    _require(encoder.n_parameters == restored.n_parameters, "n_parameters is not restored")
    _require(dict(encoder.provenance) == dict(restored.provenance), "provenance is not restored")


def _fitted(make: MakeEncoder, data: Dataset, context: FitContext) -> Encoder:
    encoder, half = make(), len(data.images) // 2
    encoder.fit(data.images[:half], data.labels[:half], context)
    return encoder


def _new(data: Dataset) -> FloatArray:
    return data.images[len(data.images) // 2 :]


def _strange(images: FloatArray) -> FloatArray:
    """Return images whose statistics would show in anything that adapts."""
    strange: FloatArray = 5.0 - 40.0 * images
    return strange


def _require_close(first: FloatArray, second: FloatArray, complaint: str) -> None:
    excess = np.abs(first - second) / np.maximum(1.0, np.abs(first))
    _require(float(excess.max()) <= BATCH_TOLERANCE, f"{complaint} by {excess.max():.1e}, not {BATCH_TOLERANCE:.0e}")


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise AssertionError(complaint)
