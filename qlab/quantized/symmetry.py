"""Weights that can be fixed because other weights make the same network."""

from __future__ import annotations

import numpy as np

from qlab.quantized.network import Encoding, QuantizedNetwork


def fixed_bits(network: QuantizedNetwork) -> dict[int, int]:
    """Return one bit to fix for each hidden neuron, index to value; none where a change of sign changes the network.

    Where the activation is odd and the numbers of the encodings come in pairs of both signs, all weights around a
    hidden neuron can change their sign at once: the sign of its first outgoing weight is free.
    """
    hidden = network.layers[:-1]
    encodings = (network.weights, network.biases)
    if not network.weights.n_bits or not all(_is_symmetric(item) for item in encodings):
        return {}
    odd = all(_is_odd(network, place) for place in range(len(hidden)))
    return {
        behind.first_bit + (neuron + 1) * network.weights.n_bits - 1: 1
        for behind in network.layers[1:]
        for neuron in range(behind.n_inputs)
        if odd
    }


def _is_symmetric(encoding: Encoding) -> bool:
    return encoding.grid.low == -encoding.grid.high


def _is_odd(network: QuantizedNetwork, place: int) -> bool:
    layer = network.layers[place]
    digits = layer.digits
    table = network.activation.table(digits, layer.unit)
    z = np.arange(digits.firsts[0], digits.lasts[-1] + 1, digits.step)
    if z[0] != -z[-1]:
        return False
    values = table.at(*digits.split(z))
    return bool((values == -values[::-1]).all())
