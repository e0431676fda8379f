"""A binding motif: how likely each base is at each of its positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qlab.data.background import BASE_PROBABILITIES
from qlab.data.sequences import BASES, Sequence

_LEAST = 1e-3
"""A base that a motif excludes counts as this likely in a score, which would be infinite otherwise."""


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif.

    Attributes:
        name: where it comes from.
        probabilities: (width, 4), rows sum to 1; the columns are A, C, G, T.
    """

    name: str
    probabilities: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Bases it covers."""
        return len(self.probabilities)

    def tempered(self, strength: float) -> Motif:
        """Return the motif with probabilities ``P**strength``, renormalised: 0 is uniform, 1 is the motif itself."""
        powers = self.probabilities**strength
        return replace(self, probabilities=powers / powers.sum(axis=1, keepdims=True))

    def draw(self, rng: np.random.Generator) -> Sequence:
        """Return one site (width,), its positions independent of each other."""
        ends = self.probabilities.cumsum(axis=1)[:, :-1]  # (width, 3)
        return np.asarray((rng.random((self.width, 1)) >= ends).sum(axis=1), np.int8)

    def log_odds(self) -> NDArray[np.float64]:
        """Return ``log(P / background)`` in nats, (width, 4)."""
        scores: NDArray[np.float64] = np.log(np.maximum(self.probabilities, _LEAST) / BASE_PROBABILITIES)
        return scores


def _of_consensus(columns: list[dict[str, float]]) -> NDArray[np.float64]:
    """Return probabilities (width, 4) of columns that name some bases; the others share what is left."""
    rows = []
    for column in columns:
        rest = (1 - sum(column.values())) / (len(BASES) - len(column))
        rows.append([column.get(base, rest) for base in BASES])
    return np.array(rows)


AP1 = Motif(
    # Typed by us from the consensus of AP-1, ATGA(C|G)TCAT with a flank, the palindrome that JUN and FOS bind. It is no
    # matrix of JASPAR or of any other database.
    "AP-1 consensus, probabilities of qlab's own",
    _of_consensus(
        [
            {"A": 0.32, "G": 0.32},
            {"A": 0.44, "G": 0.34},
            {"T": 0.95},
            {"G": 0.93},
            {"A": 0.95},
            {"C": 0.52, "G": 0.40},
            {"T": 0.95},
            {"C": 0.93},
            {"A": 0.95},
            {"T": 0.44, "C": 0.34},
            {"T": 0.32, "C": 0.32},
        ]
    ),
)
