from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlab.errors import DataError, OptionError
from qlab.quantized.activation import error, hinge, relu, sign, tanh
from qlab.quantized.network import Encoding, QuantizedNetwork, brute_force, settings
from qlab.quantized.symmetry import fixed_bits
from tests.quantized.networks import ACTIVATIONS, xor


def test_the_errors_of_all_512_settings_of_the_xor_network() -> None:
    problem = xor()
    losses = brute_force(problem.network, problem.inputs, problem.targets).sum(axis=1)
    assert np.unique_counts(losses).counts.tolist() == [16, 128, 224, 128, 16]


@given(st.integers(0, 2**32), st.sampled_from([(3, 2, 1), (2, 3, 2, 1), (4, 1), (3, 2, 2)]), st.integers(1, 3))
def test_the_forward_pass_is_that_of_real_numbers(seed: int, widths: tuple[int, ...], n_bits: int) -> None:
    """Sign and ReLU at resolution 1 are exact: layer by layer in floating point, one setting at a time."""
    generator = np.random.default_rng(seed)
    for activation, function in ((sign(), lambda z: np.where(z >= 0, 1.0, -1.0)), (relu(), lambda z: np.maximum(z, 0))):
        network = QuantizedNetwork(widths, activation, error(), Encoding.symmetric(n_bits), Encoding.symmetric(2))
        bits = generator.integers(0, 2, (3, network.n_bits), dtype=np.uint8)
        inputs = generator.choice([-1, 1], (5, widths[0]))
        found = network.outputs(bits, inputs) * network.layers[-1].unit
        for setting in range(3):
            a = inputs.astype(float)
            for depth, (weights, biases) in enumerate(network.decode(bits)):
                z = a @ weights[setting].T + biases[setting]
                assert abs(z).max() <= abs(network.layers[depth].digits.lasts[-1])
                a = function(z)
            assert np.array_equal(found[setting], z)


@pytest.mark.parametrize(("weights", "biases"), [(1, 1), (2, 3), (3, 0)])
def test_bits_are_those_of_their_numbers(weights: int, biases: int) -> None:
    encodings = Encoding.symmetric(weights), Encoding.symmetric(biases)
    network = QuantizedNetwork((3, 2, 2), sign(), error(), *encodings)
    bits = np.random.default_rng(0).integers(0, 2, (50, network.n_bits), dtype=np.uint8)
    numbers = network.numbers(bits)
    assert numbers.shape == (50, 2 * 4 + 2 * 3)
    assert abs(numbers).max() == 2 ** max(weights, biases) - 1
    assert np.array_equal(network.encode(numbers), bits)


def test_rounded_tanh_is_near_tanh() -> None:
    network = QuantizedNetwork((6, 1, 1), tanh(16, 1, resolution=64, gain=0.5), error())
    layer = network.layers[0]
    z = np.arange(-7, 8, 2)
    table = network.activation.table(layer.digits, layer.unit)
    assert abs(table.at(*layer.digits.split(z)) / 64 - np.tanh(0.5 * z)).max() <= 0.5 / 64


@pytest.mark.parametrize("name", ["sign", "tanh"])
def test_fixing_a_bit_of_each_hidden_neuron_loses_no_function(name: str) -> None:
    problem = xor(ACTIVATIONS[name], hinge(3, 2.0))
    network = problem.network
    fixed = fixed_bits(network)
    assert len(fixed) == 2
    bits = np.concatenate(list(settings(network.n_bits)))
    outputs = network.outputs(bits, problem.inputs)[:, :, 0]
    kept = np.all([bits[:, index] == value for index, value in fixed.items()], axis=0)
    assert kept.sum() == len(bits) // 4
    assert {tuple(row) for row in outputs} == {tuple(row) for row in outputs[kept]}


def test_no_bit_is_fixed_where_a_change_of_sign_changes_the_network() -> None:
    assert fixed_bits(xor(ACTIVATIONS["relu"]).network) == {}


def test_deep_networks_lose_no_function_either() -> None:
    network = QuantizedNetwork((2, 2, 2, 1), sign(), error())
    bits = np.concatenate(list(settings(network.n_bits)))
    fixed = fixed_bits(network)
    kept = np.all([bits[:, index] == value for index, value in fixed.items()], axis=0)
    outputs = network.outputs(bits, xor().inputs)[:, :, 0]
    assert len(fixed) == 4
    assert {tuple(row) for row in outputs} == {tuple(row) for row in outputs[kept]}


def test_inputs_off_the_grid_are_refused() -> None:
    problem = xor()
    bits = np.zeros((1, 9), dtype=np.uint8)
    with pytest.raises(DataError, match="grid from -1 to 1 in steps of 2"):
        problem.network.outputs(bits, np.array([[0, 1]]))
    with pytest.raises(DataError, match=r"\(samples, 2\)"):
        problem.network.outputs(bits, np.array([[1, 1, 1]]))


def test_too_many_settings_are_refused() -> None:
    with pytest.raises(OptionError, match="25 bits are too many"):
        next(settings(25))
