"""How many bits and constraints a model has, and how much memory it takes, before it is built."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from qlab.errors import CapabilityError
from qlab.quantized.network import Layer, QuantizedNetwork

DEFAULT_MEMORY = 2 << 30
_ENTRY_BYTES = 400  # of one coefficient while polynomials are collected in dictionaries
_PRODUCT_ENTRIES = 4


@dataclass(frozen=True)
class Counts:
    """The size of the models of a network.

    Attributes:
        weight_bits: that are not fixed.
        sample_bits: that each sample adds.
        sample_forms: constraints that each sample adds.
        sample_entries: an upper bound on the coefficients that each sample adds.
    """

    weight_bits: int
    sample_bits: int
    sample_forms: int
    sample_entries: int

    def bits(self, n_samples: int) -> int:
        """Return the bits of the model of ``n_samples`` together; of a single one in decomposed training."""
        return self.weight_bits + n_samples * self.sample_bits

    def forms(self, n_samples: int) -> int:
        """Return the constraints of the model of ``n_samples`` together."""
        return n_samples * self.sample_forms

    def memory(self, n_samples: int) -> int:
        """Return about how many bytes the model of ``n_samples`` takes while it is built."""
        return n_samples * self.sample_entries * _ENTRY_BYTES


def count(network: QuantizedNetwork, fixed: Collection[int] = ()) -> Counts:
    """Return the counts of a network whose bits ``fixed`` are not trained; inputs are taken to be never zero."""
    bits = forms = entries = 0
    flowing = 0  # bits that the value of one neuron of the layer before consists of
    for layer in network.layers:
        digits = layer.digits
        free = _free_weight_bits(network, layer, fixed)
        products = free * flowing
        inner, passed = _activation(network, layer)
        inner = 0 if layer is network.layers[-1] else inner
        bits += layer.n_neurons * (digits.n_bits + inner) + products
        forms += layer.n_neurons * (bool(digits.n_bits) + (digits.n_intervals > 2) + inner) + products
        width = (
            digits.n_bits + network.biases.n_bits + layer.n_inputs * (network.weights.n_bits * (1 + flowing) + flowing)
        )
        entries += layer.n_neurons * (width * (width + 1) // 2 + digits.n_intervals**2 + _PRODUCT_ENTRIES * inner)
        entries += _PRODUCT_ENTRIES * products
        flowing = passed
    return Counts(network.n_bits - len(fixed), bits, forms, entries)


def check_memory(counts: Counts, n_samples: int, limit: int) -> None:
    """Refuse the model of ``n_samples`` together where it takes more than ``limit`` bytes.

    Raises:
        CapabilityError: it does; the message has its bits and the decomposed alternative.
    """
    needed = counts.memory(n_samples)
    if needed > limit:
        raise CapabilityError(
            f"the monolithic model of {n_samples} samples has {counts.bits(n_samples)} bits and "
            f"{counts.forms(n_samples)} constraints and takes about {_megabytes(needed)}, more than the limit of "
            f"{_megabytes(limit)}; decomposed by samples each model has {counts.bits(1)} bits"
        )


def _free_weight_bits(network: QuantizedNetwork, layer: Layer, fixed: Collection[int]) -> int:
    split = layer.n_inputs * network.weights.n_bits
    row = split + network.biases.n_bits
    inside = range(layer.first_bit, layer.first_bit + layer.n_neurons * row)
    taken = sum(index in inside and (index - layer.first_bit) % row < split for index in fixed)
    return layer.n_neurons * split - taken


def _activation(network: QuantizedNetwork, layer: Layer) -> tuple[int, int]:
    """Return how many product bits the value of a neuron needs, and of how many bits it consists."""
    digits = layer.digits
    table = network.activation.table(digits, layer.unit)
    levels = int(np.count_nonzero(table.values[1:] != table.values[0]))
    bends = int(np.count_nonzero(table.slopes[1:] != table.slopes[0])) * digits.n_remainder_bits
    straight = digits.n_remainder_bits if table.slopes[0] else 0
    return bends, levels + bends + straight


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.3g} MiB"
