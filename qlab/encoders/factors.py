"""How pixels and features are split into the modes of a tensor train."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qlab.errors import OptionError


@dataclass(frozen=True)
class TrainShape:
    """The modes of a tensor train with d cores.

    Attributes:
        inputs: (n_1, ..., n_d), their product is the number of pixels.
        outputs: (m_1, ..., m_d), their product is the number of features.
        ranks: (r_0, ..., r_d) with r_0 = r_d = 1.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ranks: tuple[int, ...]

    def core(self, k: int) -> tuple[int, int, int, int]:
        """Return (r_{k-1}, n_k, m_k, r_k) of core ``k``, counted from 0."""
        return self.ranks[k], self.inputs[k], self.outputs[k], self.ranks[k + 1]


def train_shape(
    image_shape: tuple[int, ...], n_features: int, input_shape: str | None, output_shape: str | None, rank: int
) -> TrainShape:
    """Return the modes for images (C, H, W), from options like ``"5x10x5x10"`` or, for None, by rule.

    By rule, every image side is split into its two most balanced factors (50 into 5x10), channels come first, factors
    of 1 are dropped; the features are split into as many balanced factors. ``rank`` is that of every inner bond.

    Raises:
        OptionError: the modes do not fit the pixels, the features or each other.
    """
    inputs = _parse("input_shape", input_shape) if input_shape else image_modes(image_shape)
    outputs = _parse("output_shape", output_shape) if output_shape else balanced_factors(n_features, len(inputs))
    _check_product("input_shape", inputs, math.prod(image_shape), "pixels")
    _check_product("output_shape", outputs, n_features, "features")
    if len(inputs) != len(outputs):
        raise OptionError(f"input_shape {_text(inputs)} and output_shape {_text(outputs)} must have as many modes")
    return TrainShape(inputs, outputs, (1, *[rank] * (len(inputs) - 1), 1))


def image_modes(image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the input modes of images (C, H, W): C, then two balanced factors of each side, without ones."""
    channels, *sides = image_shape
    modes = (channels, *(factor for side in sides for factor in balanced_factors(side, 2)))
    return tuple(mode for mode in modes if mode > 1) or (1,)


def balanced_factors(number: int, count: int) -> tuple[int, ...]:
    """Return ``count`` factors of ``number`` in ascending order, nearly equal: 20 in 4 gives (1, 2, 2, 5)."""
    factors = [1] * count
    for prime in reversed(_primes(number)):
        factors[factors.index(min(factors))] *= prime
    return tuple(sorted(factors))


def _primes(number: int) -> list[int]:
    primes, divisor = [], 2
    while number > 1:
        if number % divisor == 0:
            primes.append(divisor)
            number //= divisor
        else:
            divisor += 1
    return primes


def _parse(option: str, text: str) -> tuple[int, ...]:
    parts = text.split("x")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise OptionError(f"{option} '{text}' must be positive whole numbers joined by x, like 5x10x5x10")
    return tuple(int(part) for part in parts)


def _check_product(option: str, modes: tuple[int, ...], wanted: int, of: str) -> None:
    if math.prod(modes) != wanted:
        raise OptionError(f"{option} {_text(modes)} has {math.prod(modes)} entries but there are {wanted} {of}")


def _text(modes: tuple[int, ...]) -> str:
    return "x".join(str(mode) for mode in modes)
