"""The three files of the mlqe_2023_edx course: charge-stability diagrams that its authors simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import FloatArray, IntArray
from qlab.errors import DataError, DatasetMissing
from qlab.files import sha256_file

NOISY, CLEAN, LABELS = "csds.npy", "csds_noiseless.npy", "labels.npy"


@dataclass(frozen=True, eq=False)
class DiagramFiles:
    """What the files hold: images (N, H, W) float32, labels (N,) in {0, 1}, and each file's SHA-256."""

    images: FloatArray
    labels: IntArray
    sha256: dict[str, str]


def read_diagram_files(folder: Path, images_name: str) -> DiagramFiles:
    """Read the labels and one of the two image files of ``folder``.

    Raises:
        DatasetMissing: a file is not there.
        DataError: a file is no plain array, or has a wrong shape or values.
    """
    missing = [name for name in (NOISY, CLEAN, LABELS) if not (folder / name).is_file()]
    if missing:
        raise DatasetMissing(
            f"no {' and no '.join(missing)} in {folder}: put the three files of mlqe_2023_edx/week1/dataset there, "
            "or leave dataset.path empty to generate diagrams"
        )
    images = _checked_images(folder / images_name)
    labels = _checked_labels(folder / LABELS, len(images))
    return DiagramFiles(images, labels, {name: sha256_file(folder / name) for name in (NOISY, CLEAN, LABELS)})


def _checked_images(path: Path) -> FloatArray:
    images = _array(path)
    if images.ndim != 3 or 0 in images.shape or images.dtype.kind not in "fiu":
        raise DataError(f"{path} holds {images.dtype} of shape {images.shape}; it should be numbers (N, height, width)")
    with np.errstate(over="ignore"):
        single = np.asarray(images, np.float32)
    if not np.isfinite(single).all():
        raise DataError(f"{path} holds values that are not finite in single precision")
    return single


def _checked_labels(path: Path, n_images: int) -> IntArray:
    labels = _array(path)
    if labels.shape != (n_images,):
        raise DataError(f"{path} has shape {labels.shape}; it should be ({n_images},), one label for each image")
    if labels.dtype.kind not in "fiub" or not np.isin(labels, (0, 1)).all():
        raise DataError(f"{path} should hold the labels 0 and 1 alone")
    return labels.astype(np.int64)


def _array(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{path} is not a plain .npy array (pickled objects are refused): {_line(error)}") from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise DataError(f"{path} is an archive; it should be a plain .npy array")
    return array


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
