"""Accuracy by family."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.evaluation.families import by_family
from qlab.evaluation.metrics import measure


def test_each_family_has_the_metrics_of_its_examples() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(60, 2)), rng.integers(2, size=60)
    families = rng.choice([0, 2], size=60)
    found = by_family(logits, labels, families, ("easy", "absent", "adversarial"))
    assert list(found) == ["easy", "adversarial"]
    for number, family in ((0, found["easy"]), (2, found["adversarial"])):
        alone = measure(logits[families == number], labels[families == number])
        assert (family.n, family.accuracy) == (alone.n, alone.accuracy)
        assert (family.accuracy_low, family.accuracy_high) == (alone.accuracy_low, alone.accuracy_high)
    total = sum(family.n * family.accuracy for family in found.values())
    assert total == pytest.approx(60 * measure(logits, labels).accuracy)
