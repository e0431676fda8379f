"""What encoders of DNA sequences ask of images."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qlab.data.dataset import FloatArray
from qlab.errors import OptionError

Strands = Literal["both", "one"]


def require_shape(images: FloatArray, encoder: str, shortest: int) -> None:
    """Raise ``OptionError`` where images are not of shape (N, 4, 1, length), with at least ``shortest`` bases."""
    if images.ndim != 4 or images.shape[1:3] != (4, 1):
        raise OptionError(
            f"encoder {encoder} reads one-hot sequences, images of shape (4, 1, length); these are {images.shape[1:]}: "
            "choose dataset=tfbs or another encoder"
        )
    if images.shape[3] < shortest:
        raise OptionError(
            f"encoder {encoder} looks at {shortest} bases at once, but a sequence has {images.shape[3]}; "
            "choose a smaller width or longer sequences"
        )


def require_sequences(images: FloatArray, encoder: str, shortest: int) -> None:
    """Raise ``OptionError`` where images are not one-hot sequences: in each column one 1 or, for N, none, else 0."""
    require_shape(images, encoder, shortest)
    if not (np.isin(images, (0, 1)).all() and (images.sum(axis=1) <= 1).all()):
        raise OptionError(
            f"encoder {encoder} reads one-hot sequences; these images have the shape of some, but not one 1 or none in "
            "each column: choose dataset=tfbs or another encoder"
        )
