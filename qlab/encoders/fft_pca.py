"""Principal components of the spatial spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.data.dataset import FloatArray
from qlab.encoders.pca import PCA


class FFTPCA(PCA):
    """The leading principal components of ``log(1 + |FFT|)``, the two-dimensional transform of every channel.

    Periodic structure is found wherever it lies in the window, because a shift changes only the phases.
    """

    def _vectors(self, images: FloatArray) -> NDArray[np.floating[Any]]:
        spectrum = np.fft.fft2(images, axes=(-2, -1))  # (N, C, H, W) complex
        return super()._vectors(np.log1p(np.abs(spectrum)))
