"""Reader of idx files, the format of MNIST, plain or compressed with gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlab.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    """Return the bytes of an idx file as an array with ``n_dimensions`` (3: images, 1: labels).

    Raises:
        DataError: the file is damaged, truncated, or of another kind.
    """
    content = _content(path)
    header = 4 + 4 * n_dimensions
    expected = _UNSIGNED_BYTE * 256 + n_dimensions
    magic = int.from_bytes(content[:4], "big")
    if len(content) >= 4 and magic != expected:
        raise DataError(f"{path} starts with the magic number {magic}; an idx file of this kind starts with {expected}")
    if len(content) < header:
        raise DataError(f"{path} is truncated: {len(content)} bytes are too few for the {header} of its header")
    shape = struct.unpack(f">{n_dimensions}I", content[4:header])
    if math.prod(shape) != len(content) - header:
        raise DataError(f"{path} announces {shape} = {math.prod(shape)} bytes but holds {len(content) - header}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_idx_pair(images_path: Path, labels_path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images (N, H, W) and labels (N,) of two files that belong together.

    Raises:
        DataError: a file is unusable or the counts differ.
    """
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(f"{images_path} holds {len(images)} images but {labels_path} holds {len(labels)} labels")
    return images, labels


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
