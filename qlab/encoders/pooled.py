"""Pooled features of images, kept by content: projections to other widths need not run the network again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from filelock import FileLock

from qlab.arrays import digest, read_arrays, write_arrays
from qlab.data.dataset import FloatArray
from qlab.encoders.backbone import Backbone
from qlab.errors import CorruptFileError
from qlab.progress import Progress

_FEATURES = "pooled"


class KeptFeatures:
    """What a frozen network makes of images, from a folder where it is there.

    Processes that want the same features at the same time compute them once; a damaged file is made again.

    Args:
        backbone: the network.
        folder: where features are kept.
        progress: told of a damaged file.
    """

    def __init__(self, backbone: Backbone, folder: Path, progress: Progress) -> None:
        self._backbone, self._folder, self._progress = backbone, folder, progress
        self._weights = digest(backbone.arrays())

    def __call__(self, images: FloatArray) -> FloatArray:
        """Return pooled features (N, width) of images (N, C, H, W)."""
        key = digest({"images": images}, {"weights": self._weights})
        path = self._folder / f"{key}.safetensors"
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / f"{key}.lock"):
            try:
                return read_arrays(path)[0][_FEATURES].astype(np.float32, copy=False)
            except FileNotFoundError:
                pass
            except CorruptFileError as error:
                self._progress.say(f"{error}; computing the features again")
            computed = self._backbone.pooled(images)
            write_arrays(path, {_FEATURES: computed}, {})
        return computed
