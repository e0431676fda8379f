"""Estimates from shots: seeds, statistics, and every kind of sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest

SHOTS = 20_000


def function(x: Any) -> Any:
    qml.RX(x, wires=0)
    qml.CNOT([0, 1])
    qml.RY(0.4, wires=1)
    return qml.expval(qml.Z(0)), qml.expval(qml.X(1)), qml.probs(wires=[0, 1]), qml.var(qml.Z(1))


def node(seed: Any, shots: Any = SHOTS) -> Any:
    return qml.set_shots(qml.QNode(function, qml.device("qlab.engine", wires=2, seed=seed)), shots)


def test_a_seed_decides_the_shots() -> None:
    first, again, other = (node(seed)(0.7) for seed in (3, 3, 4))
    for mine, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(mine, same)
    assert any(np.any(mine != theirs) for mine, theirs in zip(first, other, strict=True))


def test_the_global_seed_is_numpys() -> None:
    results = []
    for _ in range(2):
        np.random.seed(5)  # noqa: NPY002
        results.append(node("global")(0.7)[0])
    assert results[0] == results[1]


@pytest.mark.parametrize("x", [0.7, np.array([0.7, -1.2, 2.5])])
def test_estimates_are_within_five_standard_errors(x: Any) -> None:
    exact = qml.QNode(function, qml.device("default.qubit", wires=2))(x)
    z, x_value, probabilities, variance = node(8)(x)
    for found, expected in ((z, exact[0]), (x_value, exact[1])):
        assert np.all(np.abs(found - expected) < 5 * np.sqrt((1 - expected**2) / SHOTS))
    errors = np.sqrt(exact[2] * (1 - exact[2]) / SHOTS)
    assert np.all(np.abs(probabilities - exact[2]) < 5 * errors + 1e-12)
    # the variance is 1 - m^2 with the mean m of numbers 1 and -1, whose standard error is at most 1 / sqrt(shots)
    assert np.all(np.abs(variance - exact[3]) < 5 * 2 / np.sqrt(SHOTS))


def test_counts_samples_and_shot_vectors() -> None:
    def measured() -> Any:
        qml.Hadamard(0)
        qml.CNOT([0, 1])
        return qml.counts(), qml.sample(wires=[0, 1]), qml.sample(qml.Z(0) @ qml.Z(1))

    estimated = qml.QNode(measured, qml.device("qlab.engine", wires=2, seed=1))
    counts, samples, products = qml.set_shots(estimated, 500)()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500
    assert samples.shape == (500, 2)
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])
    np.testing.assert_array_equal(products, np.ones(500))
    shapes = [result[1].shape for result in qml.set_shots(estimated, [10, 20])()]
    assert shapes == [(10, 2), (20, 2)]


def test_classical_shadows_of_a_batch() -> None:
    def measured(x: Any) -> Any:
        qml.RX(x, wires=0)
        qml.CNOT([0, 1])
        return qml.classical_shadow(wires=[0, 1]), qml.shadow_expval(qml.Z(0))

    estimated = qml.set_shots(qml.QNode(measured, qml.device("qlab.engine", wires=2, seed=1)), 40)
    shadow, value = estimated(np.array([0.3, 0.5, 0.9]))
    assert np.shape(shadow) == (3, 2, 40, 2)
    assert np.shape(value) == (3,)


def test_shots_in_single_precision() -> None:
    device = qml.device("qlab.engine", wires=2, seed=1, c_dtype=np.complex64)
    z = qml.set_shots(qml.QNode(function, device), SHOTS)(0.7)[0]
    assert abs(z - np.cos(0.7)) < 5 * np.sin(0.7) / np.sqrt(SHOTS)
