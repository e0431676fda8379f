"""Encoders of one-hot sequences: the contract, values by hand, and errors on anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from qlab.data.motif import AP1
from qlab.data.sequences import from_text, one_hot, reverse_complement
from qlab.encoders.encoder import Encoder, FitContext
from qlab.encoders.identity import Identity
from qlab.encoders.kmer import Kmer
from qlab.encoders.pca import PCA
from qlab.encoders.pwm import PWM
from qlab.encoders.resnet import ResNet
from qlab.encoders.sequence_cnn import SequenceCNN
from qlab.encoders.tensor_train import TensorTrain
from qlab.errors import OptionError
from qlab.testing.encoders import MakeEncoder, check_encoder
from tests.encoders.examples import stripes
from tests.encoders.sequence_examples import context, no_source, sequences

ENCODERS: dict[str, MakeEncoder] = {
    "kmer": lambda: Kmer(n_features=4, k=3),
    "kmer-counts": lambda: Kmer(n_features=None, k=2),
    "kmer-one-strand": lambda: Kmer(n_features=None, k=2, strands="one"),
    "pwm": lambda: PWM(n_features=3, strength=0.7),
    "sequence_cnn": lambda: SequenceCNN(n_features=4, filters=8, width=9, source_size=60, pretrain_epochs=2),
    "sequence_cnn-on-train": lambda: SequenceCNN(
        n_features=2, filters=4, source="train", pretrain_epochs=1, strands="one"
    ),
    "identity": Identity,
    "pca": lambda: PCA(n_features=4),
    "tensor_train": lambda: TensorTrain(n_features=4, source="train", pretrain_epochs=1),
    "resnet": lambda: ResNet(n_features=4, weights="random"),
}
NOTHING = FitContext(source=no_source)


@pytest.mark.parametrize("name", ENCODERS)
def test_contract(name: str, tmp_path: Path) -> None:
    check_encoder(ENCODERS[name], sequences(80), context(tmp_path))


def counted(text: str, k: int, strands: str) -> list[int]:
    encoder = Kmer(n_features=None, k=k, strands=strands)  # type: ignore[arg-type]
    images = one_hot(from_text(text)[np.newaxis])
    encoder.fit(images, np.zeros(1, np.int64), NOTHING)
    return [int(count) for count in encoder.transform(images)[0]]


def test_words_by_hand() -> None:
    assert counted("AACGT", 1, "one") == [2, 1, 1, 1]
    assert counted("AACGT", 1, "both") == [3, 2]  # A with T, C with G
    #                                     AA AC AG AT CA CC CG CT GA GC GG GT TA TC TG TT
    assert counted("AACGT", 2, "one") == [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    # AA+TT, AC+GT, AG+CT, AT, CA+TG, CC+GG, CG, GA+TC, GC, TA
    assert counted("AACGT", 2, "both") == [1, 2, 0, 0, 0, 0, 1, 0, 0, 0]


def test_words_with_an_unknown_base_are_not_counted() -> None:
    assert sum(counted("AACNGT", 2, "one")) == 3
    assert sum(counted("NNNN", 2, "both")) == 0


@pytest.mark.parametrize(("k", "n_words"), [(1, 2), (2, 10), (3, 32), (4, 136), (6, 2080)])
def test_how_many_words_there_are(k: int, n_words: int) -> None:
    """A word is its own reverse complement only where k is even, and then in 4^(k/2) cases."""
    assert Kmer(n_features=None, k=k).n_outputs == n_words
    assert Kmer(n_features=None, k=k, strands="one").n_outputs == 4**k
    assert Kmer(n_features=5, k=k).n_outputs == 5


@pytest.mark.parametrize("name", ["kmer-counts", "pwm", "sequence_cnn"])
def test_both_strands_give_the_same_features(name: str, tmp_path: Path) -> None:
    data, encoder = sequences(60), ENCODERS[name]()
    encoder.fit(data.images, data.labels, context(tmp_path))
    other_strand = np.ascontiguousarray(data.images[:, ::-1, :, ::-1])
    np.testing.assert_allclose(encoder.transform(other_strand), encoder.transform(data.images), atol=1e-5)


def test_scores_by_hand() -> None:
    """Each place by a loop, in the order from the best, on both strands; an unknown base adds nothing."""
    data, matrix = sequences(6), AP1.log_odds()
    data.images[3, :, 0, 7] = 0
    encoder = PWM(n_features=5)
    encoder.fit(data.images, data.labels, NOTHING)
    every = [
        sorted(
            (
                sum(float(strand[place + i] @ matrix[i]) for i in range(11))
                for strand in (image[:, 0].T, image[::-1, 0, ::-1].T)
                for place in range(20)
            ),
            reverse=True,
        )[:5]
        for image in data.images.astype(np.float64)
    ]
    np.testing.assert_allclose(encoder.scores(data.images), every, rtol=1e-5, atol=1e-5)
    features = encoder.transform(data.images)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(features.std(axis=0), 1, atol=1e-5)


def test_the_best_score_is_that_of_the_consensus() -> None:
    consensus = AP1.log_odds().argmax(axis=1).astype(np.int8)
    windows = np.stack([from_text("A" * 30) for _ in range(2)])
    windows[1, 8:19] = reverse_complement(consensus)
    encoder = PWM(n_features=1)
    encoder.fit(one_hot(windows), np.array([0, 1]), NOTHING)
    assert encoder.scores(one_hot(windows))[1, 0] == pytest.approx(AP1.log_odds().max(axis=1).sum(), rel=1e-5)


def test_what_the_filters_answer(tmp_path: Path) -> None:
    data, encoder = sequences(60), SequenceCNN(n_features=3, filters=5, width=7, source_size=60, pretrain_epochs=1)
    encoder.fit(data.images, data.labels, context(tmp_path))
    state = {name: torch.from_numpy(array.astype(np.float64)) for name, array in encoder.state().items() if "." in name}
    weight, bias = state["network.convolution.weight"], state["network.convolution.bias"]
    strands = [torch.from_numpy(np.ascontiguousarray(images[:, :, 0]).astype(np.float64)) for images in
               (data.images, data.images[:, ::-1, :, ::-1])]  # fmt: skip
    windows = torch.cat([strand.unfold(2, 7, 1) for strand in strands], dim=2)  # (N, 4, places, width)
    answers = (torch.einsum("ncpw,fcw->nfp", windows, weight) + bias[:, None]).amax(2).relu()
    expected = (answers - state["projection.centre"]) @ state["projection.matrix"] / state["projection.scale"]
    np.testing.assert_allclose(encoder.transform(data.images), expected.numpy(), atol=1e-4)


def test_a_pretrained_network_finds_what_was_planted(tmp_path: Path) -> None:
    encoder = SequenceCNN(n_features=4, filters=16, source_size=1200, pretrain_epochs=20)
    encoder.fit(sequences(40).images, sequences(40).labels, context(tmp_path))
    assert encoder.provenance["source_size"] == 1200
    accuracy = encoder.provenance["source_accuracy"]
    assert isinstance(accuracy, float)
    assert accuracy > 0.8  # 133 are held out: half has a standard error of .043


@pytest.mark.parametrize("name", ["kmer", "pwm", "sequence_cnn"])
def test_other_images_are_an_error(name: str, tmp_path: Path) -> None:
    encoder, scans = ENCODERS[name](), stripes(20, seed=0)
    with pytest.raises(OptionError, match=rf"encoder {name} reads one-hot sequences, .* these are \(1, 12, 12\)"):
        encoder.fit(scans.images, scans.labels, context(tmp_path))
    data = sequences(40)
    for wrong in (0.9 * data.images, np.ones_like(data.images), np.full_like(data.images, np.nan)):
        with pytest.raises(OptionError, match="not one 1 or none in each column: choose dataset=tfbs"):
            encoder.fit(wrong, data.labels, context(tmp_path))
    encoder.fit(data.images, data.labels, context(tmp_path))
    with pytest.raises(OptionError, match="reads one-hot sequences"):
        encoder.transform(scans.images)


@pytest.mark.parametrize(
    ("encoder", "complaint"),
    [
        (Kmer(n_features=None, k=6), "kmer looks at 6 bases at once, but a sequence has 5"),
        (PWM(n_features=1), "pwm looks at 11 bases at once"),
        (SequenceCNN(n_features=1, source="train"), "sequence_cnn looks at 12 bases at once"),
    ],
)
def test_sequences_that_are_too_short_are_an_error(encoder: Encoder, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        encoder.fit(sequences(20).images[:, :, :, :5], sequences(20).labels, NOTHING)


@pytest.mark.parametrize(
    ("encoder", "complaint"),
    [
        (PWM(n_features=41), "a motif of 11 bases has 40 places on both strands of 30"),
        (Kmer(n_features=11, k=2), "n_features=11 is more than the 10 principal components"),
        (SequenceCNN(n_features=9, filters=8, source="train", pretrain_epochs=1), "n_features=9 is more than the 8"),
    ],
)
def test_more_features_than_there_are_is_an_error(encoder: Encoder, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        encoder.fit(sequences(40).images, sequences(40).labels, NOTHING)
