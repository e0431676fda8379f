"""The PCA of the LEGO authors' public code: fitted anew on every batch, test batches included."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from qlab.encoders.trainable import Block, TrainableEncoder

Signs = Literal["scores", "loadings"]


class BatchPCA(TrainableEncoder):
    """Principal components of the pixels, fitted on each batch by itself, and not standardised.

    No image has features of its own: they depend on the others of its batch, in the test part, too. Nothing is
    trained. With the same images in other batches the features are others.

    Args:
        n_features: how many components; those that a batch is too small for are 0.
        signs: what fixes the sign of a component: its largest ``scores`` entry in the batch is positive, as in
            scikit-learn before 1.5, or its largest ``loadings`` entry among the pixels, as since then.
    """

    def __init__(self, *, n_features: int, signs: Signs) -> None:
        self.n_features = n_features
        self.signs: Signs = signs

    def block(self, image_shape: tuple[int, ...], generator: torch.Generator) -> Block:
        """Return the block; it has no weights."""
        return BatchPCABlock(self.n_features, self.signs)


class BatchPCABlock(Block):
    """Images (B, C, H, W) to their scores (B, n_features) on the principal components of this batch."""

    batch_dependent = True

    def __init__(self, n_features: int, signs: Signs) -> None:
        super().__init__()
        self.n_features = n_features
        self.signs: Signs = signs

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (B, n_features); those beyond the B - 1 components that B images have are 0."""
        vectors = images.flatten(1).double()  # (B, P)
        left, sizes, right = torch.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
        count = min(self.n_features, max(len(images) - 1, 0), vectors.shape[1])
        deciding = left if self.signs == "scores" else right.T  # (B or P, components)
        largest = deciding.gather(0, deciding.abs().argmax(0, keepdim=True))
        scores = (left * sizes * largest.sign())[:, :count].to(images.dtype)
        return torch.nn.functional.pad(scores, (0, self.n_features - count))
