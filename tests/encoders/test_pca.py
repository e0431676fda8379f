from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlab.encoders.fft_pca import FFTPCA
from qlab.encoders.identity import Identity
from qlab.encoders.pca import PCA
from qlab.errors import OptionError, RequestError
from tests.encoders.examples import context, stripes


def test_features_are_the_leading_singular_vectors(tmp_path: Path) -> None:
    train, new = stripes(60, seed=0), stripes(20, seed=1)
    encoder = PCA(n_features=3, whiten=False)
    encoder.fit(train.images, train.labels, context(tmp_path))
    pixels = train.images.reshape(60, -1).astype(np.float64)
    _, _, directions = np.linalg.svd(pixels - pixels.mean(0))
    expected = (new.images.reshape(20, -1) - pixels.mean(0)) @ directions[:3].T
    np.testing.assert_allclose(np.abs(encoder.transform(new.images)), np.abs(expected), atol=1e-5)
    assert encoder.n_parameters == 3 * 144


@pytest.mark.parametrize("encoder", [PCA(n_features=5), FFTPCA(n_features=5)])
def test_whitened_features_are_uncorrelated_with_unit_variance_on_the_training_images(
    encoder: PCA, tmp_path: Path
) -> None:
    train = stripes(60, seed=0)
    encoder.fit(train.images, train.labels, context(tmp_path))
    features = encoder.transform(train.images).astype(np.float64)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(features.T @ features / 60, np.eye(5), atol=1e-5)


def test_whitening_scales_by_training_statistics_only(tmp_path: Path) -> None:
    train, new = stripes(60, seed=0), stripes(20, seed=1)
    plain, white = PCA(n_features=3, whiten=False), PCA(n_features=3)
    for encoder in (plain, white):
        encoder.fit(train.images, train.labels, context(tmp_path))
    scale = plain.transform(train.images).std(0)
    np.testing.assert_allclose(white.transform(new.images), plain.transform(new.images) / scale, rtol=1e-4)


def test_directions_without_variance_give_zero_not_noise(tmp_path: Path) -> None:
    flat = np.ones((10, 1, 4, 4), dtype=np.float32) * np.arange(10, dtype=np.float32)[:, None, None, None]
    encoder = PCA(n_features=3)
    encoder.fit(flat, np.zeros(10, dtype=np.int64), context(tmp_path))
    features = encoder.transform(flat)
    assert features[:, 0].std() == pytest.approx(1, abs=1e-6)
    assert np.abs(features[:, 1:]).max() < 1e-3


def test_constant_images_give_zero(tmp_path: Path) -> None:
    flat = np.ones((10, 1, 4, 4), dtype=np.float32)
    encoder = PCA(n_features=2)
    with np.errstate(invalid="ignore"):  # the explained share of no variance is 0 / 0
        encoder.fit(flat, np.zeros(10, dtype=np.int64), context(tmp_path))
    np.testing.assert_array_equal(encoder.transform(flat), np.zeros((10, 2)))


@pytest.mark.parametrize(("n_images", "n_features"), [(8, 9), (200, 145)])
def test_more_features_than_components_are_refused(n_images: int, n_features: int, tmp_path: Path) -> None:
    train = stripes(n_images, seed=0)
    with pytest.raises(OptionError, match=f"n_features={n_features} is more than the {n_features - 1}"):
        PCA(n_features=n_features).fit(train.images, train.labels, context(tmp_path))


def test_use_before_fit_is_refused() -> None:
    with pytest.raises(RequestError, match="not fitted"):
        PCA(n_features=2).transform(stripes(3, seed=0).images)


def test_spectrum_does_not_see_a_cyclic_shift(tmp_path: Path) -> None:
    train, new = stripes(60, seed=0), stripes(20, seed=1)
    spectral, spatial = FFTPCA(n_features=4), PCA(n_features=4)
    for encoder in (spectral, spatial):
        encoder.fit(train.images, train.labels, context(tmp_path))
    shifted = np.roll(new.images, (3, 5), axis=(-2, -1))
    np.testing.assert_allclose(spectral.transform(shifted), spectral.transform(new.images), atol=1e-4)
    assert np.abs(spatial.transform(shifted) - spatial.transform(new.images)).max() > 0.5


def test_spectrum_is_the_logarithm_of_the_magnitude(tmp_path: Path) -> None:
    train = stripes(30, seed=0)
    encoder, reference = FFTPCA(n_features=2), PCA(n_features=2)
    encoder.fit(train.images, train.labels, context(tmp_path))
    n = np.arange(12)
    fourier = np.exp(-2j * np.pi * np.outer(n, n) / 12)
    spectra = np.log(1 + np.abs(fourier @ train.images[:, 0].astype(np.float64) @ fourier))[:, None].astype(np.float32)
    reference.fit(spectra, train.labels, context(tmp_path))
    np.testing.assert_allclose(encoder.transform(train.images), reference.transform(spectra), atol=1e-4)


def test_identity_returns_the_pixels(tmp_path: Path) -> None:
    train = stripes(6, seed=0, channels=3)
    encoder = Identity(n_features=432)
    encoder.fit(train.images, train.labels, context(tmp_path))
    np.testing.assert_array_equal(encoder.transform(train.images), train.images.reshape(6, 432))
    assert encoder.n_parameters == 0


def test_identity_names_both_numbers_if_they_differ(tmp_path: Path) -> None:
    train = stripes(6, seed=0)
    with pytest.raises(OptionError, match=r"n_features=8 .* 144 pixels"):
        Identity(n_features=8).fit(train.images, train.labels, context(tmp_path))
