"""Which errors are drawn, and how often."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from qlab.engine.trajectories.events import Events
from qlab.engine.trajectories.streams import Rows, portions, streams

PLACES = [{0b001: 0.2, 0b010: 0.05}, {0b100: 0.01}, {0b011: 0.3, 0b110: 0.1, 0b111: 0.05}]


def rows(count: int, n_samples: int = 1) -> Rows:
    return Rows(np.arange(n_samples), np.full(n_samples, count), streams(7, 0, n_samples))


def exact(places: list[dict[int, float]]) -> NDArray[np.float64]:
    """Return the probability of each pattern of three bits, by going through all that can happen."""
    found = np.zeros(8)
    choices = [[(0, 1 - sum(place.values())), *place.items()] for place in places]
    for chosen in product(*choices):
        if any(event for event, _ in chosen):
            pattern = chosen[0][0] ^ chosen[1][0] ^ chosen[2][0]
            found[pattern] += np.prod([probability for _, probability in chosen])
    return found


def test_patterns_are_as_frequent_as_they_must_be() -> None:
    events = Events(PLACES, 3)
    assert events.quiet == pytest.approx(0.75 * 0.99 * 0.55)
    bits = events.draw(rows(200_000))
    found = np.bincount(bits @ [1, 2, 4], minlength=8) / len(bits)
    expected = exact(PLACES) / (1 - events.quiet)
    errors = np.sqrt(expected * (1 - expected) / len(bits))
    assert (np.abs(found - expected) < 5 * errors).all()


def test_what_always_happens_does() -> None:
    events = Events([{0b1: 1.0}, {0b10: 0.5, 0b11: 0.5}], 2)
    assert events.quiet < 1e-25
    patterns, counts = np.unique(events.draw(rows(10_000)) @ [1, 2], return_counts=True)
    assert patterns.tolist() == [2, 3]
    assert abs(counts[0] - 5000) < 5 * 50


def test_rare_events_are_drawn_as_often_as_others() -> None:
    events = Events([{0b01: 1e-9}, {0b10: 3e-9}], 2)
    assert 1 - events.quiet == pytest.approx(4e-9, rel=1e-6)
    bits = events.draw(rows(10_000))
    assert (bits.sum(1) == 1).all()
    assert abs(bits[:, 1].mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 10_000)


def test_draws_of_a_sample_do_not_depend_on_others() -> None:
    events, counts = Events(PLACES, 3), np.array([300, 5, 2000, 0, 40])
    together = list(portions(counts, streams(1, 0, 5)))
    drawn = {int(sample): [] for sample in range(5)}  # type: dict[int, list[NDArray[np.uint8]]]
    for part in together:
        bits = events.draw(part)
        for sample in range(5):
            drawn[sample].append(bits[part.owners == sample])
    for sample, count in enumerate(counts.tolist()):
        alone = [events.draw(part) for part in portions(np.array([count]), streams(1, sample, 1))]
        theirs = np.concatenate(alone) if alone else np.empty((0, 3))
        np.testing.assert_array_equal(np.concatenate(drawn[sample]), theirs)


def test_portions_are_bounded_and_complete() -> None:
    counts = np.array([10_000, 1, 700, 0, 5000])
    found = list(portions(counts, streams(0, 0, 5)))
    assert max(len(part.owners) for part in found) <= 4096
    np.testing.assert_array_equal(np.bincount(np.concatenate([part.owners for part in found]), minlength=5), counts)
