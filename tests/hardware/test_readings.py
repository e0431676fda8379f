"""Bits of shots, and the values and errors that are read of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from qiskit.primitives import BitArray

from qlab.circuits.observables import PauliWord, pauli_words
from qlab.engine.sampling.outcomes import means, standard_errors
from qlab.errors import CorruptFileError
from qlab.hardware.readings import bits, check_counts, mean, raw
from tests.hardware.exact import drawn, packed, word_values

SIZES = st.integers(1, 20)


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    n_bits, shape = draw(SIZES), (draw(st.integers(1, 3)), draw(st.integers(1, 6)))
    return n_bits, draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 2**n_bits - 1)))


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_packing_is_that_of_qiskit(case: tuple[int, np.ndarray]) -> None:
    n_bits, numbers = case
    counts = packed(numbers, n_bits)
    rows = [BitArray.from_samples([int(number) for number in row], n_bits).array for row in numbers]
    np.testing.assert_array_equal(counts, np.array(rows))
    check_counts(counts, n_bits)
    for qubit in range(n_bits):
        np.testing.assert_array_equal(bits(counts, qubit), numbers >> qubit & 1)


@settings(deadline=None, max_examples=50)
@given(outcomes(), st.data())
def test_values_are_those_of_the_engines_outcomes(case: tuple[int, np.ndarray], data: st.DataObject) -> None:
    n_bits, numbers = case
    qubits = data.draw(st.lists(st.integers(0, n_bits - 1), min_size=1, unique=True))
    word, mask = PauliWord(tuple((qubit, "Z") for qubit in qubits)), sum(1 << qubit for qubit in qubits)
    found = raw(packed(numbers, n_bits), [word])
    expected = np.array([means(row, None, [mask]) for row in numbers])
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    np.testing.assert_allclose(found.standard_errors, standard_errors(expected, numbers.shape[1]), atol=1e-12)


def test_standard_errors_are_the_spread() -> None:
    """Of 2000 repetitions, with the error of a spread itself, 1 / sqrt(2 * 2000)."""
    rng, words, repetitions = np.random.default_rng(3), pauli_words(2, ["Z0", "Z0 Z1"]), 2000
    distribution = np.array([0.55, 0.25, 0.15, 0.05])
    counts = drawn(np.tile(distribution, (repetitions, 1)), 400, rng)
    found = raw(counts, words)
    exact = word_values(distribution[None], words)
    np.testing.assert_allclose(found.standard_errors.mean(0), np.sqrt((1 - exact[0] ** 2) / 400), rtol=0.01)
    np.testing.assert_allclose(found.values.std(0) / found.standard_errors.mean(0), 1, atol=5 / np.sqrt(4000))
    assert np.abs(found.deviations(exact)).max() < 5
    assert found.rms_error(exact) == pytest.approx(found.rms_standard_error, rel=5 / np.sqrt(4000))


def test_shots_that_all_agree_are_not_called_exact() -> None:
    found = raw(packed(np.zeros((1, 1000), np.int64), 1), pauli_words(1, None))
    assert found.values.item() == 1
    assert found.standard_errors.item() == pytest.approx(1e-3)
    single = raw(packed(np.ones((1, 1), np.int64), 1), pauli_words(1, None))
    assert (single.values.item(), single.standard_errors.item()) == (-1.0, 1.0)
    assert mean(np.full((1, 1), 3.0))[1].item() == 3.0


def test_counts_of_something_else_are_damaged() -> None:
    check_counts(packed(np.array([[511]]), 9), 9)
    wrong: list[Any] = [np.zeros((1, 5, 1), np.uint8), np.zeros((1, 0, 2), np.uint8), np.zeros((1, 5, 2), np.int64)]
    for counts in wrong:
        with pytest.raises(CorruptFileError, match=r"counts of 9 qubits have shape \(executions, shots, 2\)"):
            check_counts(counts, 9)
    with pytest.raises(CorruptFileError, match="bits beyond them"):
        check_counts(packed(np.array([[512]]), 10), 9)
