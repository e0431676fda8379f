"""Examples that belong together, kept together in a random order and when it is divided."""

from __future__ import annotations

import numpy as np

from qlab.data.dataset import IntArray

_LOOKAHEAD = 10
"""Among so many groups in random order, the one comes next that keeps the classes nearest to their proportion."""


def grouped_order(indices: IntArray, labels: IntArray, groups: IntArray, rng: np.random.Generator) -> IntArray:
    """Return ``indices`` in a random order of whole groups, in which a piece holds the classes nearly in proportion.

    Args:
        indices: the examples to order.
        labels: (N,), of all examples.
        groups: (N,), of all examples.
        rng: source of the order.
    """
    names, member = np.unique(groups[indices], return_inverse=True)
    counts = np.zeros((len(names), int(labels.max()) + 1))  # (groups, classes)
    np.add.at(counts, (member, labels[indices]), 1)
    share = counts.sum(axis=0) / len(indices)
    waiting = rng.permutation(len(names)).tolist()
    rank, so_far = np.empty(len(names), np.int64), np.zeros_like(share)
    for place in range(len(names)):
        after = so_far + counts[waiting[:_LOOKAHEAD]]
        excess = np.abs(after - after.sum(axis=1, keepdims=True) * share).max(axis=1)
        chosen = waiting.pop(int(excess.argmin()))
        rank[chosen], so_far = place, so_far + counts[chosen]
    return indices[np.argsort(rank[member], kind="stable")]


def divided(order: IntArray, count: int, groups: IntArray | None, *, exact: bool) -> tuple[IntArray, IntArray]:
    """Return the first examples of ``order``, and the others that are in no group of theirs.

    Args:
        order: the examples, those of a group beside each other.
        count: how many are wanted.
        groups: (N,), of all examples; None: each is alone.
        exact: take ``count`` of them, or cut between the two groups nearest to that.
    """
    if groups is None or not 0 < count < len(order):
        return order[:count], order[count:]
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    if not exact:
        cut = int(starts[np.abs(starts - count).argmin()])
        return order[:cut], order[cut:]
    following = starts[starts >= count]
    return order[:count], order[int(following[0]) :] if following.size else order[:0]
