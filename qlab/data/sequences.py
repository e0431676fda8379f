"""DNA sequences as text, as indices of bases, and as one-hot images of shape (4, 1, length)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import FloatArray

BASES = "ACGT"
UNKNOWN = -1
"""The index of N, a base that was not read; its column of an image is 0 everywhere."""
Sequence = NDArray[np.int8]


def from_text(text: str) -> Sequence:
    """Return the indices (length,) of bases in upper or lower case; raises ``ValueError`` naming another letter."""
    codes = np.frombuffer(text.upper().encode("latin-1", "replace"), np.uint8)
    found = _INDEX_OF_CODE[codes]
    if (strange := np.flatnonzero(found < UNKNOWN)).size:
        raise ValueError(f"{text[strange[0]]!r} at position {strange[0] + 1}")
    return found


def to_text(sequence: Sequence) -> str:
    """Return the letters of indices (length,)."""
    return "".join((BASES + "N")[index] for index in sequence.tolist())


def reverse_complement(sequences: Sequence) -> Sequence:
    """Return the other strand of indices (..., length), read in its own direction."""
    complement = np.where(sequences == UNKNOWN, UNKNOWN, 3 - sequences).astype(np.int8)
    return np.ascontiguousarray(complement[..., ::-1])


def one_hot(sequences: Sequence) -> FloatArray:
    """Return images (N, 4, 1, length) of indices (N, length); the channels are A, C, G, T."""
    channels = np.arange(len(BASES), dtype=np.int8)[:, np.newaxis]  # (4, 1)
    images = sequences[:, np.newaxis, :] == channels  # (N, 4, length)
    return np.asarray(images[:, :, np.newaxis, :], np.float32)


def from_one_hot(images: FloatArray) -> Sequence:
    """Return the indices (N, length) of images (N, 4, 1, length); a column without a 1 is unknown."""
    columns = images[:, :, 0, :]  # (N, 4, length)
    largest = columns.argmax(axis=1)
    return np.where(columns.max(axis=1, initial=0) > 0.5, largest, UNKNOWN).astype(np.int8)


def _index_of_code() -> NDArray[np.int8]:
    table = np.full(256, UNKNOWN - 1, np.int8)
    for index, letter in enumerate(BASES):
        table[ord(letter)] = index
    table[ord("N")] = UNKNOWN
    return table


_INDEX_OF_CODE = _index_of_code()
