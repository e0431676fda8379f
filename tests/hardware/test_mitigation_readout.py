"""Readout error that is known is undone, with the errors that are said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from qlab.circuits.observables import PauliWord, pauli_words
from qlab.errors import JobError, RequestError
from qlab.hardware.mitigation import matrix_free as m3
from qlab.hardware.mitigation.matrix_free import matrix_free
from qlab.hardware.mitigation.readout import Confusion, confusion, inverted, patterns
from qlab.hardware.readings import raw
from tests.hardware.exact import drawn, word_values

RATES = [(0.05, 0.05), (0.02, 0.11), (0.0, 0.2)]
WORDS = pauli_words(3, ["Z0", "Z1", "Z2", "Z0 Z1", "Z0 Z1 Z2"])


def distributions(rng: np.random.Generator, number: int) -> np.ndarray:
    return rng.dirichlet(np.full(8, 0.5), number)


def calibrated(
    rng: np.random.Generator,
    shots: int,
    *,
    rates: Sequence[tuple[float, float]] = RATES,
) -> Confusion:
    prepared = patterns(3)
    states = np.zeros((len(prepared), 8))
    states[np.arange(len(prepared)), prepared @ [1, 2, 4]] = 1
    return confusion(prepared, [drawn(state[None], shots, rng, rates) for state in states])


def exactly_known() -> Confusion:
    return Confusion(np.array(RATES), np.zeros((3, 2)))


def test_patterns() -> None:
    np.testing.assert_array_equal(patterns(2), [[0, 0], [1, 1]])


def test_the_inverse_of_what_a_readout_error_does_to_means_is_exact() -> None:
    """A flip with probability q scales <Z> by 1 - 2q: factors (+-1) / (1 - 2q); and for any rates, P then inverse."""
    q = 0.07
    symmetric = Confusion(np.full((1, 2), q), np.zeros((1, 2)))
    np.testing.assert_allclose(symmetric.factors, [[1 / (1 - 2 * q), -1 / (1 - 2 * q)]])
    known = exactly_known()
    for qubit, factors in enumerate(known.factors):
        np.testing.assert_allclose(factors @ known.readout.of(qubit), [1, -1], atol=1e-14)


def test_slopes_are_those_of_the_factors() -> None:
    known, step = exactly_known(), 1e-6
    for rate in range(2):
        moved = np.array(RATES)
        moved[:, rate] += step
        difference = (Confusion(moved, known.variances).factors - known.factors) / step
        np.testing.assert_allclose(known.slopes[:, :, rate], difference, rtol=1e-4)


def test_rates_are_found() -> None:
    known = calibrated(np.random.default_rng(1), 20_000)
    deviations = (known.rates - RATES) / np.sqrt(known.variances)
    assert np.abs(deviations).max() < 5
    assert known.rates[2, 0] == 0
    assert known.variances[2, 0] > 0
    np.testing.assert_allclose(known.readout.matrices.sum(1), 1)


def test_a_readout_error_is_undone() -> None:
    rng = np.random.default_rng(5)
    states = distributions(rng, 20)
    exact = word_values(states, WORDS)
    counts = drawn(states, 4000, rng, RATES)
    found = inverted(counts, WORDS, calibrated(rng, 40_000))
    assert np.abs(found.deviations(exact)).max() < 5
    read = raw(counts, WORDS)
    assert np.abs(read.deviations(exact)).max() > 10
    assert found.rms_error(exact) < 0.3 * read.rms_error(exact)
    assert (found.standard_errors > read.standard_errors).mean() > 0.9


@pytest.mark.parametrize(("shots", "calibration_shots"), [(1000, 5000), (20_000, 500)])
def test_errors_are_those_of_shots_and_calibration_together(shots: int, calibration_shots: int) -> None:
    """Once the shots decide, once the calibration: the spread of 300 repetitions is what is said."""
    rng, repetitions, rates = np.random.default_rng(9), 300, [(0.05, 0.05), (0.02, 0.11), (0.04, 0.2)]
    state = distributions(rng, 1)
    exact = word_values(state, WORDS)[0]
    values, errors = np.empty((repetitions, len(WORDS))), np.empty((repetitions, len(WORDS)))
    for place in range(repetitions):
        found = inverted(drawn(state, shots, rng, rates), WORDS, calibrated(rng, calibration_shots, rates=rates))
        values[place], errors[place] = found.values[0], found.standard_errors[0]
    spread = values.std(0)
    np.testing.assert_allclose(spread / np.sqrt((errors**2).mean(0)), 1, atol=5 / np.sqrt(2 * repetitions))
    assert np.abs((values.mean(0) - exact) / (spread / np.sqrt(repetitions))).max() < 5


def test_a_qubit_that_cannot_be_read_is_said() -> None:
    prepared = patterns(2)
    counts = [np.full((1, 100, 1), reading, np.uint8) for reading in (0b10, 0b11)]
    with pytest.raises(JobError, match=r"the readout of qubit 1 cannot be undone: .* 100\.0% .* of 0 and in 0\.0%"):
        confusion(prepared, counts)


def test_mthree_undoes_it_too() -> None:
    pytest.importorskip("mthree", reason="mthree is not installed: pip install 'qlab[mitigation]'")
    rng = np.random.default_rng(6)
    states = distributions(rng, 10)
    exact, counts = word_values(states, WORDS), drawn(states, 4000, rng, RATES)
    found = matrix_free(counts, WORDS, exactly_known())
    assert np.abs(found.deviations(exact)).max() < 5
    assert found.rms_error(exact) < 0.3 * raw(counts, WORDS).rms_error(exact)
    alone = matrix_free(counts, [PauliWord.of("Z2")], exactly_known())
    expected = inverted(counts, [PauliWord.of("Z2")], exactly_known())
    np.testing.assert_allclose(alone.values, expected.values, atol=1e-5)  # both outcomes seen: the same inverse


def test_errors_of_mthree_hold_the_calibration() -> None:
    pytest.importorskip("mthree", reason="mthree is not installed: pip install 'qlab[mitigation]'")
    rng = np.random.default_rng(7)
    counts, known = drawn(distributions(rng, 3), 50_000, rng, RATES), calibrated(rng, 200)
    found, alone = (matrix_free(counts, WORDS, one) for one in (known, Confusion(known.rates, np.zeros((3, 2)))))
    expected = inverted(counts, WORDS, known)
    np.testing.assert_allclose(found.shared, expected.shared, atol=1e-12)
    added = np.sqrt(found.standard_errors**2 - alone.standard_errors**2)
    np.testing.assert_allclose(added, np.sqrt((expected.shared**2).sum(-1)), atol=1e-9)
    assert (added > alone.standard_errors).any()


def test_without_mthree_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m3, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"pip install 'qlab\[mitigation\]', or choose inversion"):
        matrix_free(np.zeros((1, 1, 1), np.uint8), WORDS, exactly_known())
