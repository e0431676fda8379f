"""Metrics against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlab.evaluation.metrics import measure


def test_two_classes_by_hand() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 3.0]])
    metrics = measure(logits, np.array([0, 1, 1, 1]))
    assert metrics.n == 4
    assert metrics.accuracy == 0.75
    assert metrics.balanced_accuracy == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.majority_accuracy == 0.75
    assert metrics.confusion == [[1, 0], [1, 2]]
    by_hand = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1)), math.log(1 + math.e), math.log(1 + math.exp(-3))]
    assert metrics.cross_entropy == pytest.approx(sum(by_hand) / 4)
    # The only negative (score -2) lies below all three positives (1, -1, 3).
    assert metrics.roc_auc == 1.0
    assert metrics.average_precision == 1.0


def test_the_interval_is_wilsons() -> None:
    logits = np.zeros((100, 2))
    logits[:, 0] = 1.0
    metrics = measure(logits, np.array([0] * 90 + [1] * 10))
    z, n, p = 1.959964, 100, 0.9
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert (metrics.accuracy_low, metrics.accuracy_high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_average_precision_by_hand() -> None:
    # From the highest score down: positive, negative, positive, negative: precision 1 at recall 1/2, 2/3 at recall 1.
    logits = np.array([[0.0, 3.0], [0.0, 2.0], [0.0, 1.0], [0.0, 0.0]])
    labels = np.array([1, 0, 1, 0])
    assert measure(logits, labels).average_precision == pytest.approx(1 / 2 + (2 / 3) / 2)
    # Ties count as one threshold: a constant answer gets the share of positives.
    assert measure(np.zeros((10, 2)), np.arange(10) // 8).average_precision == pytest.approx(0.2)


def test_average_precision_of_three_classes_is_the_mean_over_them() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]))
    # Class 0 has examples 0 (the first of four: precision 1) and 3 (the last: 2/4). Class 1 has example 1, the first:
    # 1. Class 2 has example 2, which ties with example 0 for the last place: 1/4.
    found = measure(logits, np.array([0, 1, 2, 0])).average_precision
    assert found == pytest.approx((3 / 4 + 1 + 1 / 4) / 3)


def test_an_absent_class_leaves_the_areas_undefined() -> None:
    metrics = measure(np.eye(3)[[0, 1, 0]], np.array([0, 1, 0]))
    assert (metrics.roc_auc, metrics.average_precision) == (None, None)


def test_chance_has_half_the_area() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 6000)
    metrics = measure(rng.normal(size=(6000, 3)), labels)
    assert metrics.roc_auc == pytest.approx(0.5, abs=0.02)
    assert metrics.accuracy_low < 1 / 3 < metrics.accuracy_high
