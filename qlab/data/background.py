"""DNA without a motif: a Markov chain in which CG is as rare as in the human genome."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlab.data.sequences import Sequence

# Probability of a base (column) after a base (row), in the order A, C, G, T. Counted by us on both strands of 1,460
# windows of human chromosome 22 that are not bound by JUND (292,000 pairs, from the set that goes with the book
# repository deepchem/DeepLearningLifeSciences, chapter 6), and rounded. C is followed by G in 6.6 % instead of 24 %.
TRANSITIONS: NDArray[np.float64] = np.array(
    [
        [0.291, 0.197, 0.288, 0.224],
        [0.325, 0.294, 0.066, 0.315],
        [0.256, 0.235, 0.294, 0.215],
        [0.178, 0.234, 0.297, 0.291],
    ]
)


def stationary(transitions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability (4,) of each base far from the start: pi = pi T."""
    balance = np.vstack([transitions.T - np.eye(4), np.ones(4)])
    solution: NDArray[np.float64] = np.linalg.lstsq(balance, np.array([0.0, 0, 0, 0, 1]), rcond=None)[0]
    return solution


BASE_PROBABILITIES = stationary(TRANSITIONS)
_FIRST = np.cumsum(BASE_PROBABILITIES)[:-1]
_NEXT = np.cumsum(TRANSITIONS, axis=1)[:, :-1]


def draw_background(length: int, rng: np.random.Generator) -> Sequence:
    """Return ``length`` bases of the chain, the first one from its stationary distribution."""
    uniform = rng.random(length)
    after = (uniform[np.newaxis, :, np.newaxis] >= _NEXT[:, np.newaxis, :]).sum(axis=2).tolist()  # (4, length)
    bases = [int((uniform[0] >= _FIRST).sum())]
    for place in range(1, length):
        bases.append(after[bases[-1]][place])
    return np.array(bases, np.int8)
