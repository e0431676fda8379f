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


def test_the_interval_is_wilsons() -> None:
    logits = np.zeros((100, 2))
    logits[:, 0] = 1.0
    metrics = measure(logits, np.array([0] * 90 + [1] * 10))
    z, n, p = 1.959964, 100, 0.9
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert (metrics.accuracy_low, metrics.accuracy_high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_an_absent_class_leaves_the_area_undefined() -> None:
    assert measure(np.eye(3)[[0, 1, 0]], np.array([0, 1, 0])).roc_auc is None


def test_chance_has_half_the_area() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 6000)
    metrics = measure(rng.normal(size=(6000, 3)), labels)
    assert metrics.roc_auc == pytest.approx(0.5, abs=0.02)
    assert metrics.accuracy_low < 1 / 3 < metrics.accuracy_high
