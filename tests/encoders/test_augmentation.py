"""Random changes of images against plain loops and SciPy, and their distributions against what is published."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import ndimage

from qlab.encoders import augmentation
from qlab.encoders.augmentation import affine, cropped, flip_crop, moved

MOST_STANDARD_ERRORS = 5.0


def pictures(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def by_scipy(image: torch.Tensor, angle: float, across: float, down: float) -> np.ndarray[tuple[int, int], np.dtype]:
    """One channel (H, W): where each pixel comes from is found by turning back what is shifted back."""
    cos, sin = math.cos(angle), math.sin(angle)
    back = np.array([[cos, -sin], [sin, cos]])  # rows and columns, rows downwards
    centre = (np.array(image.shape) - 1) / 2
    offset = centre - back @ (centre + np.array([down, across]))
    found = ndimage.affine_transform(image.numpy(), back, offset, order=0, mode="grid-constant", cval=0.0)
    return np.asarray(found)


@pytest.mark.parametrize("shape", [(28, 28), (9, 9), (12, 20)])
def test_turned_and_shifted_images_are_those_of_scipy(shape: tuple[int, int]) -> None:
    images = pictures(40, 2, *shape)
    generator = torch.Generator().manual_seed(1)
    angles = torch.rand(40, generator=generator) - 0.5
    across, down = torch.randint(-3, 4, (2, 40), generator=generator).float()
    found = moved(images, angles, across, down)
    for image, outcome, *how in zip(images, found, angles.tolist(), across.tolist(), down.tolist(), strict=True):
        for channel, other in zip(image, outcome, strict=True):
            np.testing.assert_array_equal(other.numpy(), by_scipy(channel, *how))


def test_a_quarter_turn_is_clockwise_and_positive_shifts_go_right_and_down() -> None:
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 0, 2] = 1.0  # top
    nothing = torch.zeros(1)
    assert moved(image, torch.tensor([math.pi / 2]), nothing, nothing)[0, 0, 2, 4] == 1
    assert moved(image, nothing, torch.ones(1), 2 * torch.ones(1))[0, 0, 2, 3] == 1


def test_published_angles_are_uniform_and_shifts_are_rounded_uniform_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def record(images: torch.Tensor, *drawn: torch.Tensor) -> torch.Tensor:
        seen.extend(drawn)
        return images

    monkeypatch.setattr(augmentation, "moved", record)
    torch.manual_seed(0)
    count = 20_000
    affine(torch.zeros(count, 1, 28, 28))
    angles, across, down = seen
    limit = math.radians(5)
    assert float(angles.abs().max()) <= limit
    assert abs(float(angles.mean())) < MOST_STANDARD_ERRORS * limit / math.sqrt(3 * count)
    assert float(angles.square().mean()) == pytest.approx(limit**2 / 3, rel=MOST_STANDARD_ERRORS * 0.9 / count**0.5)
    for shifts in (across, down):  # uniform between -2.8 and 2.8, then rounded
        for value, probability in {0: 1 / 5.6, 1: 1 / 5.6, -2: 1 / 5.6, 3: 0.3 / 5.6, -3: 0.3 / 5.6}.items():
            share = float((shifts == value).double().mean())
            error = math.sqrt(probability * (1 - probability) / count)
            assert abs(share - probability) < MOST_STANDARD_ERRORS * error
        assert set(shifts.tolist()) == {-3, -2, -1, 0, 1, 2, 3}


def test_crops_are_those_of_a_plain_loop() -> None:
    images = pictures(30, 3, 7, 10)
    generator = torch.Generator().manual_seed(2)
    flips = torch.rand(30, generator=generator) < 0.5
    down, across = torch.randint(5, (2, 30), generator=generator)
    found = cropped(images, flips, down, across, 2)
    assert found.shape == images.shape
    for number, image in enumerate(images.numpy()):
        mirrored = image[:, :, ::-1] if flips[number] else image
        padded = np.pad(mirrored, ((0, 0), (2, 2), (2, 2)))
        y, x = int(down[number]), int(across[number])
        np.testing.assert_array_equal(found[number].numpy(), padded[:, y : y + 7, x : x + 10])


def test_every_crop_and_both_sides_are_equally_likely() -> None:
    torch.manual_seed(0)
    count, padding = 20_000, 1
    image = torch.arange(1.0, 26).reshape(1, 1, 5, 5)
    middle = flip_crop(image.expand(count, 1, 5, 5), padding)[:, 0, 2, 1:4]  # what the middle row shows
    mirrored = middle[:, 2] < middle[:, 0]
    centres, counts = middle[:, 1].unique(return_counts=True)
    assert len(centres) == 9
    expectations = [(float(mirrored.double().mean()), 1 / 2), *((int(each) / count, 1 / 9) for each in counts)]
    for share, probability in expectations:
        error = math.sqrt(probability * (1 - probability) / count)
        assert abs(share - probability) < MOST_STANDARD_ERRORS * error


def test_images_are_changed_each_by_itself_and_by_the_global_generator_alone() -> None:
    images = pictures(1, 1, 12, 12).expand(20, 1, 12, 12)
    changes: list[Callable[[], torch.Tensor]] = [lambda: affine(images), lambda: flip_crop(images, 2)]
    for change in changes:
        torch.manual_seed(5)
        first = change()
        assert len(first.flatten(1).unique(dim=0)) > 5
        assert not torch.equal(change(), first)
        torch.manual_seed(5)
        assert torch.equal(change(), first)
