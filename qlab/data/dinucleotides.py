"""Pairs of neighbouring bases: their counts, and shuffles that keep every count."""

from __future__ import annotations

from collections.abc import Sequence as ListLike

import numpy as np
from numpy.typing import NDArray

from qlab.data.sequences import BASES, Sequence


def dinucleotide_counts(sequence: Sequence) -> NDArray[np.int64]:
    """Return how often each base (column) follows each base (row), (4, 4); the sequence has no unknown base."""
    pairs = sequence[:-1].astype(np.int64) * len(BASES) + sequence[1:]
    return np.bincount(pairs, minlength=len(BASES) ** 2).reshape(len(BASES), len(BASES))


def dinucleotide_shuffle(sequence: Sequence, rng: np.random.Generator) -> Sequence:
    """Return a sequence with the same dinucleotide counts, first and last base; each such sequence is equally likely.

    A sequence is an Eulerian path in the graph whose edges are its dinucleotides. The edges that leave each base are
    put into a random order, again until the last edges of all bases lead to the last base; then the orders are walked
    through (Altschul and Erickson, Mol. Biol. Evol. 2, 526, 1985).

    Args:
        sequence: (length,), without an unknown base.
        rng: source of the orders.
    """
    followers = [sequence[1:][sequence[:-1] == base] for base in range(len(BASES))]
    while True:
        orders = [rng.permutation(edges).tolist() for edges in followers]
        if _ends_in(int(sequence[-1]), orders):
            break
    edges = [iter(order) for order in orders]
    walk = [int(sequence[0])]
    for _ in range(len(sequence) - 1):
        walk.append(next(edges[walk[-1]]))
    return np.array(walk, np.int8)


def _ends_in(end: int, orders: ListLike[ListLike[int]]) -> bool:
    """Return whether the last edge of every base that has one leads to ``end``, at once or through others."""
    last = {base: order[-1] for base, order in enumerate(orders) if order and base != end}
    reached = list(last)
    for _ in range(len(BASES)):
        reached = [last.get(base, end) for base in reached]
    return all(base == end for base in reached)
