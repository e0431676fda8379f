"""How well a known motif fits a sequence where it fits best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.data.motif import AP1, Motif
from qlab.data.motif_file import read_motif
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import pack_facts, require_fitted, under_prefix, unpack_facts, with_prefix
from qlab.encoders.projection import Projection, standardising
from qlab.encoders.sequences import require_sequences, require_shape
from qlab.errors import OptionError

_NAME = "pwm"
_SEQUENCES_AT_ONCE = 256


class PWM:
    """The ``n_features`` best scores of a motif along both strands, the best first, standardised on the training set.

    A score is the sum of ``log(P / background)`` over the motif's positions; an unknown base adds nothing. With the
    motif that was planted, the first feature is close to the best that can be known of a generated sequence.

    Args:
        n_features: how many scores.
        motif: a JASPAR or MEME file; None: AP-1, with probabilities of qlab's own.
        strength: power of the motif's probabilities, as planted.
    """

    def __init__(self, *, n_features: int, motif: str | None = None, strength: float = 1.0) -> None:
        self.n_features = n_features
        self.motif = None if motif is None else Path(motif)
        self.strength = strength
        self._matrix: NDArray[np.float64] | None = None  # (width, 4)
        self._projection: Projection | None = None
        self._facts: dict[str, object] = {}

    @property
    def n_parameters(self) -> int:
        """Entries of the matrix."""
        return require_fitted(self._matrix).size

    @property
    def provenance(self) -> Mapping[str, object]:
        """Where the motif comes from, and its width."""
        return dict(self._facts)

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code and the motif."""
        return {"version": 1, "motif": self._motif().probabilities.tolist()}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Find the scales of the scores of images (N, 4, 1, length).

        Raises:
            OptionError: they are no one-hot sequences, or too short; biopython is needed and not installed.
            DataError: the file of the motif cannot be used.
        """
        motif = self._motif()
        require_sequences(images, _NAME, motif.width)
        n_places = 2 * (images.shape[3] - motif.width + 1)
        if self.n_features > n_places:
            raise OptionError(
                f"encoder {_NAME}: n_features={self.n_features}, but a motif of {motif.width} bases has {n_places} "
                f"places on both strands of {images.shape[3]}; set n_features={n_places} or less"
            )
        self._matrix = motif.log_odds()
        self._projection = standardising(self.scores(images))
        self._facts = {"motif": motif.name, "width": motif.width}

    def transform(self, images: FloatArray) -> FloatArray:
        """Return features (N, n_features) of images (N, 4, 1, length)."""
        require_shape(images, _NAME, len(require_fitted(self._matrix)))
        return require_fitted(self._projection).apply(self.scores(images))

    def scores(self, images: FloatArray) -> FloatArray:
        """Return the best scores (N, n_features) of images (N, 4, 1, length) in nats, falling."""
        matrix = require_fitted(self._matrix)
        scores = np.empty((len(images), self.n_features), np.float32)
        for start in range(0, len(images), _SEQUENCES_AT_ONCE):
            rows = slice(start, start + _SEQUENCES_AT_ONCE)
            strands = (_along(images[rows], one) for one in (matrix, matrix[::-1, ::-1]))
            every = np.concatenate(list(strands), axis=1)  # (n, places on both strands)
            scores[rows] = -np.partition(-every, range(self.n_features), axis=1)[:, : self.n_features]
        return scores

    def state(self) -> State:
        """Return the matrix, the scales and the facts."""
        projection = with_prefix("projection", require_fitted(self._projection).state())
        return {"matrix": require_fitted(self._matrix), **projection, "facts": pack_facts(self._facts)}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._matrix = state["matrix"].astype(np.float64)
        self._projection = Projection.from_state(under_prefix("projection", state))
        self._facts = unpack_facts(state["facts"])

    def _motif(self) -> Motif:
        motif = AP1 if self.motif is None else read_motif(self.motif)
        return motif.tempered(self.strength)


def _along(images: FloatArray, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score (n, places) of ``matrix`` (width, 4) at every place of images (n, 4, 1, length)."""
    windows = np.lib.stride_tricks.sliding_window_view(images[:, :, 0, :], len(matrix), axis=2)  # (n, 4, places, width)
    scores: NDArray[np.float64] = np.einsum("ncpw,wc->np", windows, matrix)
    return scores
