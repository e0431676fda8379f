"""Where the examples come from that a block is trained on before it is frozen."""

from __future__ import annotations

from typing import Literal

from qlab.arrays import digest
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext

SourceKind = Literal["generated", "train"]


def source_examples(
    kind: SourceKind, size: int, images: FloatArray, labels: IntArray, context: FitContext
) -> tuple[FloatArray, IntArray]:
    """Return ``size`` examples that are disjoint from the task's, or the training split (images, labels) itself.

    Raises:
        DataError: the dataset has no examples besides the task's.
    """
    if kind == "train":
        return images, labels
    source = context.source(size)
    return source.images, source.labels


def source_facts(kind: SourceKind, size: int, context: FitContext) -> dict[str, object]:
    """Return what a cache key must hold besides the training split: the hash of the generated examples, if used."""
    if kind == "train":
        return {}
    source = context.source(size)
    return {"source": digest({"images": source.images, "labels": source.labels})}
