"""Means over cells, and expectation values of Pauli words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix
from qiskit.quantum_info import Pauli as Word

from qlab.data.dataset import DataContext, Dataset
from qlab.data.entanglement import Entanglement
from qlab.data.spin_chains import XXZ
from qlab.encoders.block_means import BlockMeans
from qlab.encoders.encoder import FitContext
from qlab.encoders.pauli import Pauli
from qlab.errors import OptionError


def no_source(size: int) -> Dataset:
    raise AssertionError("no source set is needed here")


CONTEXT = FitContext(source=no_source)


def test_an_image_of_28_is_padded_to_32_and_averaged_by_fours() -> None:
    images = np.random.default_rng(0).random((3, 1, 28, 28), dtype=np.float32)
    padded = np.pad(images[:, 0].astype(np.float64), ((0, 0), (2, 2), (2, 2)))
    expected = np.empty((3, 8, 8))
    for row, column in itertools.product(range(8), repeat=2):
        expected[:, row, column] = padded[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean((1, 2))
    expected /= expected.sum((1, 2), keepdims=True)
    found = BlockMeans().transform(images)
    assert np.abs(found - expected.reshape(3, 64)).max() < 1e-7


def test_colours_are_averaged_and_darkness_is_uniform() -> None:
    images = np.zeros((2, 3, 2, 2), np.float32)
    images[0, 1, 0, 1] = 1.0
    found = BlockMeans(grid=2).transform(images)
    assert found.tolist() == [[0, 1, 0, 0], [0.25] * 4]


def test_negative_pixels_are_refused() -> None:
    with pytest.raises(OptionError, match="not negative"):
        BlockMeans().fit(np.full((1, 1, 8, 8), -1, np.float32), np.zeros(1, np.int64), CONTEXT)


def test_values_of_words_are_qiskits() -> None:
    dataset = Entanglement(size=5).load(DataContext())
    found = Pauli().transform(dataset.images)
    words = ["".join(word) for word in itertools.product("IXYZ", repeat=2)][1:]
    for image, values in zip(dataset.images, found, strict=True):
        state = DensityMatrix(image[0].astype(np.float64) + 1j * image[1])
        expected = [state.expectation_value(Word(word)).real for word in words]
        assert np.abs(values - expected).max() < 1e-6


def test_degree_two_adds_every_product_once() -> None:
    images = Entanglement(size=4).load(DataContext()).images
    values, with_products = Pauli().transform(images), Pauli(degree=2).transform(images)
    assert with_products.shape == (4, 15 + 120)
    assert (with_products[:, :15] == values).all()
    expected = [values[:, i] * values[:, j] for i in range(15) for j in range(i, 15)]
    assert np.abs(with_products[:, 15:] - np.stack(expected, 1)).max() < 1e-6
    assert Pauli(n_qubits=4).transform(XXZ(size=2).load(DataContext()).images).shape == (2, 255)


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(OptionError, match="not \\(1, 8, 8\\)"):
        Pauli().transform(np.zeros((1, 1, 8, 8), np.float32))
