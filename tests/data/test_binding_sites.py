"""Generated windows: planted where and as often as asked, with shuffles that have the same dinucleotides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from qlab.data.binding_sites import BindingSiteRequest, generate
from qlab.data.dinucleotides import dinucleotide_counts
from qlab.data.motif import AP1, Motif
from qlab.data.sequences import Sequence, from_text, one_hot, to_text
from qlab.encoders.encoder import FitContext
from qlab.encoders.kmer import Kmer
from qlab.encoders.pwm import PWM
from qlab.errors import DataError
from qlab.progress import Silent
from tests.encoders.sequence_examples import no_source

CERTAIN = Motif("certain", np.eye(4)[from_text("GGATTACAGC")])
REQUEST = BindingSiteRequest(
    seed=4, size=2000, length=101, motif=AP1, strength=1.0, planted=1.0, position=50.5, position_sd=15.0
)


def windows(**changes: object) -> tuple[Sequence, NDArray[np.int64]]:
    return generate(replace(REQUEST, **changes), Silent())  # type: ignore[arg-type]


def starts(sequences: Sequence) -> NDArray[np.int64]:
    """Return where the certain motif starts in each window, on the forward strand or the other; -1 for nowhere."""
    forward, reverse = "GGATTACAGC", "GCTGTAATCC"
    texts = [to_text(sequence) for sequence in sequences]
    return np.array([max(text.find(forward), text.find(reverse)) for text in texts])


def test_each_negative_has_the_dinucleotides_of_its_positive_and_another_order() -> None:
    sequences, labels = windows(size=400)
    assert labels.tolist() == [0, 1] * 200
    for negative, positive in zip(sequences[::2], sequences[1::2], strict=True):
        np.testing.assert_array_equal(dinucleotide_counts(negative), dinucleotide_counts(positive))
        assert not np.array_equal(negative, positive)


def test_a_window_depends_on_the_seed_and_its_number_alone() -> None:
    many, few, other = windows(size=40)[0], windows(size=7)[0], windows(size=40, seed=5)[0]
    np.testing.assert_array_equal(many[:7], few)
    assert not (many == other).all(axis=1).any()
    source = generate(REQUEST.of_source(40), Silent())[0]
    assert not {to_text(window) for window in source} & {to_text(window) for window in many}


def test_a_motif_is_planted_as_often_as_asked_on_both_strands() -> None:
    sequences, labels = windows(motif=CERTAIN, planted=0.7)
    positives = sequences[labels == 1]
    share = (starts(positives) >= 0).mean()
    assert abs(share - 0.7) < 5 * np.sqrt(0.7 * 0.3 / 1000)
    forward = sum("GGATTACAGC" in to_text(positive) for positive in positives)
    found = int((starts(positives) >= 0).sum())
    assert abs(forward / found - 0.5) < 5 * np.sqrt(0.25 / found)
    assert (windows(motif=CERTAIN, planted=0.0)[0][1::2] != windows(motif=CERTAIN)[0][1::2]).any()
    assert (starts(windows(motif=CERTAIN, planted=0.0)[0]) >= 0).mean() < 0.01


def test_the_motif_lies_where_it_is_asked_to() -> None:
    """A rounded normal variable has the variance of the normal one and 1/12."""
    centres = starts(windows(motif=CERTAIN, position=40.0, position_sd=6.0)[0][1::2]) + 5
    deviation = np.sqrt(6.0**2 + 1 / 12)
    assert abs(centres.mean() - 40) < 5 * deviation / np.sqrt(1000)
    assert abs(centres.std() - deviation) < 5 * deviation / np.sqrt(2 * 1000)
    assert set(starts(windows(motif=CERTAIN, position=40.0, position_sd=0.0)[0][1::2])) == {35}


@pytest.mark.parametrize(("position", "position_sd"), [(0.0, 3.0), (101.0, 3.0), (50.0, 1e6), (0.0, 0.0)])
def test_a_site_always_fits_the_window(position: float, position_sd: float) -> None:
    found = starts(windows(motif=CERTAIN, size=400, position=position, position_sd=position_sd)[0][1::2])
    assert found.min() >= 0
    if position_sd > 100:  # every place is equally likely: mean and standard error of a uniform variable on 0..91
        assert abs(found.mean() - 45.5) < 5 * 92 / np.sqrt(12 * 200)


def test_an_odd_number_of_windows_ends_with_a_shuffle() -> None:
    assert windows(size=5)[1].tolist() == [0, 1, 0, 1, 0]


def test_a_window_without_another_order_is_refused() -> None:
    flat = Motif("flat", np.tile([1.0, 0, 0, 0], (20, 1)))
    with pytest.raises(DataError, match=r"'flat' have no other order of their dinucleotides: raise dataset\.length"):
        windows(size=2, length=20, motif=flat, position=10.0)


# How hard it is. The bands are five standard errors of an area (Hanley and McNeil) or an accuracy of this size.


def oracle(strength: float) -> float:
    sequences, labels = windows(size=2000, strength=strength)
    encoder = PWM(n_features=1, strength=strength)
    images = one_hot(sequences)
    encoder.fit(images, labels, FitContext(source=no_source))
    return float(roc_auc_score(labels, encoder.transform(images)[:, 0]))


def test_the_planted_matrix_finds_the_sites() -> None:
    """The area is .947 for 1,000 of each class, with a standard error of .0049."""
    area, n = 0.947, 1000
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + (n - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / n**2)
    assert abs(oracle(1.0) - area) < 5 * error


def test_a_weaker_motif_is_harder_to_find() -> None:
    areas = [oracle(strength) for strength in (0.0, 0.3, 0.6, 1.0, 1.5)]
    assert areas == sorted(areas)
    assert abs(areas[0] - 0.5) < 5 * np.sqrt(2001 / (12 * 1000 * 1000))  # of the Mann-Whitney statistic without effect


@pytest.mark.parametrize("components", [None, 16])
def test_single_bases_tell_nothing(components: int | None) -> None:
    """No composition or position leaks the class: a linear classifier of the one-hot columns is at chance."""
    sequences, labels = windows(size=3000)
    flat = one_hot(sequences).reshape(3000, -1)
    steps = [] if components is None else [PCA(components, random_state=0)]
    model = make_pipeline(*steps, LogisticRegression(max_iter=2000)).fit(flat[:2000], labels[:2000])
    assert abs(model.score(flat[2000:], labels[2000:]) - 0.5) < 5 * np.sqrt(0.25 / 1000)


def test_dinucleotides_tell_nothing_and_longer_words_do() -> None:
    sequences, labels = windows(size=3000)
    images = one_hot(sequences)
    scores = {}
    for k in (2, 6):
        encoder = Kmer(n_features=None, k=k)
        encoder.fit(images[:2000], labels[:2000], FitContext(source=no_source))
        features = encoder.transform(images)
        model = LogisticRegression(max_iter=2000).fit(features[:2000], labels[:2000])
        scores[k] = model.score(features[2000:], labels[2000:])
    assert scores[2] == 0.5  # in each pair both have the same counts, hence the same answer
    assert scores[6] > 0.7


def test_a_fixed_position_gives_the_site_away() -> None:
    sequences, labels = windows(size=3000, position_sd=0.5)
    flat = one_hot(sequences).reshape(3000, -1)
    model = LogisticRegression(max_iter=2000).fit(flat[:2000], labels[:2000])
    assert model.score(flat[2000:], labels[2000:]) > 0.7
