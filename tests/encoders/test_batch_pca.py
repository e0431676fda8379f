"""Principal components of each batch by itself, against scikit-learn, and what that means for an image."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from sklearn.decomposition import PCA

from qlab.encoders.batch_pca import BatchPCA, BatchPCABlock


def images(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 1, 5, 6, generator=torch.Generator().manual_seed(seed))


def scores(batch: torch.Tensor, n_features: int, signs: Literal["scores", "loadings"] = "scores") -> torch.Tensor:
    block = BatchPCABlock(n_features, signs)
    found: torch.Tensor = block(batch)
    return found


def test_signs_by_loadings_are_those_of_the_installed_scikit_learn() -> None:
    batch = images(8)
    expected = PCA(n_components=5, svd_solver="full").fit_transform(batch.flatten(1).double().numpy())
    torch.testing.assert_close(scores(batch, 5, "loadings").double(), torch.from_numpy(expected), atol=1e-5, rtol=1e-5)


def test_signs_by_scores_make_the_largest_score_of_every_component_positive() -> None:
    batch = images(8)
    found, other = scores(batch, 7), scores(batch, 7, "loadings")
    torch.testing.assert_close(found.abs(), other.abs(), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found, other)
    largest = found.gather(0, found.abs().argmax(0, keepdim=True))
    assert bool((largest > 0).all())


@pytest.mark.parametrize("count", [1, 2, 8])
def test_a_batch_has_one_component_less_than_images(count: int) -> None:
    found = scores(images(count), 8)
    assert found.shape == (count, 8)
    assert bool((found[:, count - 1 :] == 0).all())
    assert bool((found[:, : count - 1].abs() > 1e-3).any(0).all())


def test_an_image_has_other_features_among_other_images() -> None:
    shared = images(1)
    first, second = (scores(torch.cat([shared, images(7, seed)]), 4)[0] for seed in (1, 2))
    assert float((first - second).abs().max()) > 0.1


def test_nothing_of_it_is_trained() -> None:
    block = BatchPCA(n_features=4, signs="scores").block((1, 5, 6), torch.Generator())
    assert block.batch_dependent
    assert list(block.parameters()) == []
    assert block.state_dict() == {}
