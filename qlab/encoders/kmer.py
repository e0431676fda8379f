"""How often each word of k bases occurs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.data.sequences import UNKNOWN, from_one_hot, reverse_complement
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import require_fitted
from qlab.encoders.projection import Projection, principal
from qlab.encoders.sequences import Strands, require_sequences, require_shape

_NAME = "kmer"
_SEQUENCES_AT_ONCE = 1024


class Kmer:
    """Counts of the words of ``k`` bases in a sequence, or their leading principal components, standardised.

    A word with an unknown base is not counted. Words are in alphabetical order; with both strands a word and its
    reverse complement are one, under the name of the first.

    Args:
        n_features: how many principal components; None hands over all counts as they are.
        k: bases of a word.
        strands: ``both`` counts a word and its reverse complement together (2,080 words for k = 6), ``one`` as two
            (4,096).
        seed: of the randomised decomposition that many words are decomposed with.
    """

    def __init__(self, *, n_features: int | None, k: int = 6, strands: Strands = "both", seed: int = 0) -> None:
        self.n_features, self.k, self.strands, self.seed = n_features, k, strands, seed
        self._column = _columns(k, strands)
        self.n_words = int(self._column.max()) + 1
        self._projection: Projection | None = None

    @property
    def n_outputs(self) -> int:
        """Columns that ``transform`` returns."""
        return self.n_words if self.n_features is None else self.n_features

    @property
    def n_parameters(self) -> int:
        """Entries of the components; 0 where all counts are handed over."""
        return require_fitted(self._projection).n_parameters

    @property
    def provenance(self) -> Mapping[str, object]:
        """The number of words."""
        return {"words": self.n_words}

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code."""
        return {"version": 1}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Decompose the counts of images (N, 4, 1, length).

        Raises:
            OptionError: they are no one-hot sequences, or too short; fewer images or words than ``n_features``.
        """
        require_sequences(images, _NAME, self.k)
        if self.n_features is None:
            self._projection = Projection(np.zeros(self.n_words), None, np.ones(self.n_words))
        else:
            self._projection = principal(self.counts(images), self.n_features, whiten=True, seed=self.seed)

    def transform(self, images: FloatArray) -> FloatArray:
        """Return features (N, n_outputs) of images (N, 4, 1, length)."""
        require_shape(images, _NAME, self.k)
        return require_fitted(self._projection).apply(self.counts(images))

    def counts(self, images: FloatArray) -> FloatArray:
        """Return the counts (N, n_words) of images (N, 4, 1, length)."""
        counts = np.zeros((len(images), self.n_words), np.float32)
        for start in range(0, len(images), _SEQUENCES_AT_ONCE):
            rows = slice(start, start + _SEQUENCES_AT_ONCE)
            sequences = from_one_hot(images[rows])
            windows = np.lib.stride_tricks.sliding_window_view(sequences, self.k, axis=1)  # (n, places, k)
            known = (windows != UNKNOWN).all(axis=2)
            columns = self._column[np.where(known, windows @ _powers(self.k), 0)]  # (n, places)
            row = np.arange(len(sequences))[:, np.newaxis]
            np.add.at(counts[rows], (row, columns), known.astype(np.float32))
        return counts

    def state(self) -> State:
        """Return the components and the scales."""
        return require_fitted(self._projection).state()

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        self._projection = Projection.from_state(state)


def _powers(k: int) -> IntArray:
    """Return what the bases of a word are multiplied by and added up to give its number in alphabetical order."""
    return 4 ** np.arange(k - 1, -1, -1, dtype=np.int64)


def _columns(k: int, strands: Strands) -> IntArray:
    """Return the column (4^k,) in which each word is counted."""
    numbers = np.arange(4**k, dtype=np.int64)
    if strands == "one":
        return numbers
    words = (numbers[:, np.newaxis] // _powers(k) % 4).astype(np.int8)  # (4^k, k)
    first = np.minimum(numbers, reverse_complement(words) @ _powers(k))
    return np.unique(first, return_inverse=True)[1].astype(np.int64)
