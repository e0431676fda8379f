"""Networks whose weights and biases are whole numbers of a few bits, computed exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qlab.errors import DataError, OptionError
from qlab.quantized.activation import Activation, Loss
from qlab.quantized.intervals import Digits, Grid, Integers, divide, propagate

Bits = NDArray[np.uint8]
_CHUNK = 1 << 22  # numbers that a forward pass over many settings holds at once
MOST_ENUMERATED = 24  # weight bits


@dataclass(frozen=True)
class Encoding:
    """Whole numbers of ``n_bits`` bits b_t: low + step * sum_t 2^t b_t; without bits it is always ``low``."""

    n_bits: int
    low: int
    step: int

    def __post_init__(self) -> None:
        if self.n_bits < 0 or self.step < 1:
            raise OptionError(f"an encoding needs n_bits >= 0 and step >= 1, not {self.n_bits} and {self.step}")

    @staticmethod
    def symmetric(n_bits: int) -> Encoding:
        """Return the odd numbers from 1 - 2^n_bits to 2^n_bits - 1; without bits, zero."""
        return Encoding(n_bits, 1 - (1 << n_bits), 2)

    @property
    def grid(self) -> Grid:
        """Return the numbers."""
        return Grid(self.low, self.low + self.step * ((1 << self.n_bits) - 1), self.step if self.n_bits else 0)

    def decode(self, bits: Bits) -> Integers:
        """Return the numbers (...,) of bits (..., n_bits), lowest first."""
        steps = (bits.astype(np.int64) << np.arange(self.n_bits)).sum(axis=-1)
        return np.asarray(self.low + self.step * steps)

    def encode(self, numbers: Integers) -> Bits:
        """Return the bits (..., n_bits) of numbers (...,)."""
        steps = (numbers - self.low) // self.step
        return np.asarray(steps[..., None] >> np.arange(self.n_bits) & 1, dtype=np.uint8)


@dataclass(frozen=True)
class Layer:
    """One layer of a network, with what can flow through it.

    Attributes:
        n_inputs: of each neuron.
        n_neurons: in it.
        first_bit: where its bits begin among those of the network: for each neuron its weights, then its bias.
        bias_scale: what the integer of a bias is multiplied by, so that it counts in the unit of the pre-activation.
        unit: what one step of the integers of the pre-activation is worth.
        inputs: grid of what comes in.
        digits: of the pre-activation.
    """

    n_inputs: int
    n_neurons: int
    first_bit: int
    bias_scale: int
    unit: float
    inputs: Grid
    digits: Digits


@dataclass(frozen=True)
class QuantizedNetwork:
    """A network of whole numbers; its outputs are compared with zero, one for each two-class question.

    Attributes:
        widths: (n_inputs, hidden ..., n_outputs).
        activation: of the hidden layers.
        loss: of one output, summed over outputs and samples.
        weights: encoding of the weights.
        biases: encoding of the biases.
        inputs: the integers that inputs can be.
    """

    widths: tuple[int, ...]
    activation: Activation
    loss: Loss
    weights: Encoding = Encoding.symmetric(1)
    biases: Encoding = Encoding.symmetric(1)
    inputs: Grid = Grid(-1, 1, 2)

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise OptionError(f"widths are inputs, hidden layers, outputs, each at least 1, not {self.widths}")

    @property
    def n_bits(self) -> int:
        """Return the number of bits of all weights and biases."""
        return sum(
            after * (before * self.weights.n_bits + self.biases.n_bits) for before, after in pairwise(self.widths)
        )

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers, with the ranges that are found by propagating intervals forward."""
        layers: list[Layer] = []
        inputs, scale, first_bit = self.inputs, 1, 0
        for place, (before, after) in enumerate(pairwise(self.widths)):
            z = propagate(inputs, before, self.weights.grid, self.biases.grid.scaled(scale))
            last = place == len(self.widths) - 2
            digits = divide(z, self.loss.n_intervals if last else self.activation.n_intervals)
            layers.append(Layer(before, after, first_bit, scale, 1 / scale, inputs, digits))
            if not last:
                inputs, scale = self.activation.outputs(digits, 1 / scale), self.activation.resolution
            first_bit += after * (before * self.weights.n_bits + self.biases.n_bits)
        return tuple(layers)

    def decode(self, bits: Bits) -> list[tuple[Integers, Integers]]:
        """Return weights (S, n_neurons, n_inputs) and biases (S, n_neurons) of each layer for bits (S, n_bits)."""
        decoded = []
        for layer in self.layers:
            row = layer.n_inputs * self.weights.n_bits + self.biases.n_bits
            block = bits[:, layer.first_bit : layer.first_bit + layer.n_neurons * row]
            block = block.reshape(len(bits), layer.n_neurons, row)
            split = layer.n_inputs * self.weights.n_bits
            of_weights = block[:, :, :split].reshape(len(bits), layer.n_neurons, layer.n_inputs, self.weights.n_bits)
            decoded.append((self.weights.decode(of_weights), self.biases.decode(block[:, :, split:])))
        return decoded

    def numbers(self, bits: Bits) -> Integers:
        """Return all weights and biases (S, n_numbers), neuron by neuron, for bits (S, n_bits)."""
        rows = [np.concatenate([weights, biases[:, :, None]], axis=2) for weights, biases in self.decode(bits)]
        return np.concatenate([row.reshape(len(bits), -1) for row in rows], axis=1)

    def encode(self, numbers: Integers) -> Bits:
        """Return the bits (S, n_bits) of all weights and biases (S, n_numbers)."""
        parts, first = [], 0
        for layer in self.layers:
            size = layer.n_neurons * (layer.n_inputs + 1)
            row = numbers[:, first : first + size].reshape(len(numbers) * layer.n_neurons, layer.n_inputs + 1)
            weights = self.weights.encode(row[:, :-1]).reshape(len(row), -1)
            parts.append(np.concatenate([weights, self.biases.encode(row[:, -1])], axis=1).reshape(len(numbers), -1))
            first += size
        return np.concatenate(parts, axis=1)

    def outputs(self, bits: Bits, inputs: Integers) -> Integers:
        """Return the pre-activations (S, M, n_outputs) of the last layer for bits (S, n_bits), inputs (M, n_inputs).

        They count in ``layers[-1].unit``.
        """
        a = self.checked(inputs)[None]  # (1, M, n_inputs)
        for layer, (weights, biases) in zip(self.layers, self.decode(bits), strict=True):
            z = a @ weights.swapaxes(1, 2) + layer.bias_scale * biases[:, None, :]  # (S, M, n_neurons)
            if layer is not self.layers[-1]:
                table = self.activation.table(layer.digits, layer.unit)
                a = table.at(*layer.digits.split(z)).astype(np.int64)
        return z

    def losses(self, bits: Bits, inputs: Integers, targets: Integers) -> NDArray[np.float64]:
        """Return losses (S, M) for bits (S, n_bits), inputs (M, n_inputs) and targets (M, n_outputs) of -1 and 1."""
        last = self.layers[-1]
        interval, remainder = last.digits.split(self.outputs(bits, inputs))
        tables = {target: self.loss.table(last.digits, last.unit, target) for target in (-1, 1)}
        by_target = {target: table.at(interval, remainder) for target, table in tables.items()}
        losses: NDArray[np.float64] = np.where(targets > 0, by_target[1], by_target[-1]).sum(axis=2)
        return losses

    def errors(self, bits: Bits, inputs: Integers, targets: Integers) -> Integers:
        """Return for bits (S, n_bits) how many samples (S,) have an output of the wrong sign; 0 is positive."""
        right = (self.outputs(bits, inputs) >= 0) == (targets > 0)
        return np.asarray((~right.all(axis=2)).sum(axis=1))

    def checked(self, inputs: Integers) -> Integers:
        """Return inputs (M, n_inputs) as integers.

        Raises:
            DataError: a wrong shape, or a value that is not on the grid of the inputs.
        """
        if inputs.ndim != 2 or inputs.shape[1] != self.widths[0]:
            raise DataError(f"inputs of this network have the shape (samples, {self.widths[0]}), not {inputs.shape}")
        if not self.inputs.contains(inputs):
            grid = self.inputs
            raise DataError(f"inputs must lie on the grid from {grid.low} to {grid.high} in steps of {grid.step}")
        return np.asarray(inputs, dtype=np.int64)


def settings(n_bits: int, n_numbers: int = 1) -> Iterator[Bits]:
    """Yield all settings (S, n_bits) of bits in blocks, counting up from 0 with bit 0 the lowest.

    ``n_numbers`` is how many numbers are needed for one setting; it makes the blocks smaller.

    Raises:
        OptionError: there are more than 24 bits.
    """
    if n_bits > MOST_ENUMERATED:
        raise OptionError(f"{n_bits} bits are too many to go through all settings; at most {MOST_ENUMERATED}")
    size = max(1, _CHUNK // max(n_numbers, n_bits, 1))
    for first in range(0, 1 << n_bits, size):
        numbers = np.arange(first, min(first + size, 1 << n_bits))
        yield (numbers[:, None] >> np.arange(n_bits) & 1).astype(np.uint8)


def brute_force(network: QuantizedNetwork, inputs: Integers, targets: Integers) -> NDArray[np.float64]:
    """Return the losses (2^n_bits, M) of all settings of the weights, in the order of ``settings``.

    Raises:
        OptionError: the network has more than 24 bits.
    """
    blocks = settings(network.n_bits, len(inputs) * max(network.widths))
    return np.concatenate([network.losses(bits, inputs, targets) for bits in blocks])
