"""Small idx files for the tests."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlab.data.published import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Published


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def scans(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 5, 4), dtype=np.uint8)
    return pixels, (np.arange(n) % 10).astype(np.uint8)


def four_files(n_train: int = 40, n_test: int = 20) -> dict[str, bytes]:
    """Return file name without .gz -> compressed content."""
    train, test = scans(n_train, 0), scans(n_test, 1)
    arrays = {TRAIN_IMAGES: train[0], TRAIN_LABELS: train[1], TEST_IMAGES: test[0], TEST_LABELS: test[1]}
    return {name: gzip.compress(idx_bytes(array), mtime=0) for name, array in arrays.items()}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.gz").write_bytes(content)
    return folder


def release(files: dict[str, bytes], *mirrors: str) -> Published:
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return Published("tiny", "mnist", sha256, "made for a test", mirrors)
