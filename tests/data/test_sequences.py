"""Sequences as text and as images; the background chain; shuffles that keep dinucleotides; motifs."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from qlab.data.background import BASE_PROBABILITIES, TRANSITIONS, draw_background
from qlab.data.dinucleotides import dinucleotide_counts, dinucleotide_shuffle
from qlab.data.motif import AP1, Motif
from qlab.data.sequences import from_one_hot, from_text, one_hot, reverse_complement, to_text

TEXT = "ACGTNNACCGT"


def test_text_indices_and_images_are_the_same_sequence() -> None:
    sequences = np.stack([from_text(TEXT), from_text(TEXT.lower()[::-1])])
    images = one_hot(sequences)
    assert images.shape == (2, 4, 1, 11)
    assert images[0, :, 0, :5].T.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    np.testing.assert_array_equal(from_one_hot(images), sequences)
    assert [to_text(sequence) for sequence in sequences] == [TEXT, TEXT[::-1]]


def test_the_other_strand() -> None:
    assert to_text(reverse_complement(from_text("AACGNT"))) == "ANCGTT"
    images = one_hot(from_text(TEXT)[np.newaxis])
    np.testing.assert_array_equal(images[:, ::-1, :, ::-1], one_hot(reverse_complement(from_text(TEXT))[np.newaxis]))


@pytest.mark.parametrize(
    ("text", "complaint"), [("ACGU", "'U' at position 4"), ("A-C", "'-' at position 2"), ("é", "'é'")]
)
def test_another_letter_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        from_text(text)


def test_the_transitions_are_a_chain_with_few_cg() -> None:
    np.testing.assert_allclose(TRANSITIONS.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(BASE_PROBABILITIES @ TRANSITIONS, BASE_PROBABILITIES, atol=1e-12)
    assert BASE_PROBABILITIES.sum() == pytest.approx(1)
    assert TRANSITIONS[1, 2] / BASE_PROBABILITIES[2] < 0.3  # CG; data on chromosome 22 give .29


def test_the_background_has_the_dinucleotides_of_its_table() -> None:
    """Given how often a base occurs, each follower of it is binomial."""
    counts = dinucleotide_counts(draw_background(400_000, np.random.default_rng(7)))
    before = counts.sum(axis=1, keepdims=True)
    errors = np.sqrt(TRANSITIONS * (1 - TRANSITIONS) / before)
    assert (np.abs(counts / before - TRANSITIONS) < 5 * errors).all()


def test_the_first_base_is_stationary() -> None:
    rng = np.random.default_rng(3)
    first = np.bincount([draw_background(1, rng)[0] for _ in range(20_000)], minlength=4) / 20_000
    errors = np.sqrt(BASE_PROBABILITIES * (1 - BASE_PROBABILITIES) / 20_000)
    assert (np.abs(first - BASE_PROBABILITIES) < 5 * errors).all()


@settings(deadline=None, max_examples=100)
@given(st.text("ACGT", min_size=2, max_size=60), st.integers(0, 2**32))
def test_a_shuffle_keeps_every_dinucleotide_and_both_ends(text: str, seed: int) -> None:
    sequence = from_text(text)
    shuffled = dinucleotide_shuffle(sequence, np.random.default_rng(seed))
    np.testing.assert_array_equal(dinucleotide_counts(shuffled), dinucleotide_counts(sequence))
    assert (shuffled[0], shuffled[-1]) == (sequence[0], sequence[-1])


@pytest.mark.parametrize("text", ["ACGATCAGTAC", "AACAGATACCA", "ACACGCGTATA"])
def test_every_eulerian_path_is_equally_likely(text: str) -> None:
    """All sequences with these dinucleotides and ends, found by trying every order of the inner bases."""
    sequence = from_text(text)
    wanted = dinucleotide_counts(sequence)
    inner = set(itertools.permutations(sequence[1:-1].tolist()))
    orders = (np.array([sequence[0], *order, sequence[-1]], np.int8) for order in inner)
    paths = {to_text(order) for order in orders if np.array_equal(dinucleotide_counts(order), wanted)}
    assert len(paths) >= 8
    rng = np.random.default_rng(11)
    drawn = Counter(to_text(dinucleotide_shuffle(sequence, rng)) for _ in range(200 * len(paths)))
    assert set(drawn) == paths
    assert chisquare([drawn[path] for path in paths]).pvalue > 1e-3


def test_a_site_has_the_probabilities_of_its_motif() -> None:
    rng = np.random.default_rng(2)
    sites = np.stack([AP1.draw(rng) for _ in range(10_000)])
    found = np.stack([(sites == base).mean(axis=0) for base in range(4)], axis=1)
    errors = np.sqrt(AP1.probabilities * (1 - AP1.probabilities) / 10_000)
    assert (np.abs(found - AP1.probabilities) < 5 * errors).all()


def test_the_motif_is_ap1() -> None:
    assert AP1.width == 11
    np.testing.assert_allclose(AP1.probabilities.sum(axis=1), 1, atol=1e-12)
    assert to_text(AP1.probabilities.argmax(axis=1)[2:9].astype(np.int8)) == "TGACTCA"


def test_strength_is_a_temperature() -> None:
    np.testing.assert_allclose(AP1.tempered(0).probabilities, 0.25)
    np.testing.assert_allclose(AP1.tempered(1).probabilities, AP1.probabilities)
    squared = AP1.probabilities**2
    np.testing.assert_allclose(AP1.tempered(2).probabilities, squared / squared.sum(axis=1, keepdims=True))
    information = [(p * np.log(4 * p)).sum() for p in (AP1.tempered(t).probabilities for t in (0.2, 0.5, 1, 2))]
    assert information == sorted(information)


def test_an_excluded_base_has_a_finite_score() -> None:
    scores = Motif("certain", np.eye(4)).log_odds()
    assert np.isfinite(scores).all()
    assert scores[0, 0] == pytest.approx(-np.log(BASE_PROBABILITIES[0]))
    assert scores[0, 1] < -5
