"""Features are computed once per content: of images, options, weights and code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from numpy.typing import NDArray

from qlab.arrays import digest, read_arrays, write_arrays
from qlab.data.dataset import Dataset, FloatArray, IntArray
from qlab.encoders.encoder import Encoder, FitContext
from qlab.encoders.pixels import Pixels
from qlab.errors import CorruptFileError
from qlab.files import sha256_file
from qlab.progress import Progress

_Arrays = dict[str, NDArray[Any]]
_Found = tuple[_Arrays, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Features:
    """The three parts of a dataset as a fitted encoder sees them.

    Attributes:
        train: (n_train, n_features), float32.
        val: (n_val, n_features), float32.
        test: (n_test, n_features), float32.
        key: hash of everything they depend on.
        cached: they were found, not computed now.
        n_parameters: of the encoder.
        provenance: of the encoder.
        state_path: file with the fitted encoder, which ``load_fitted`` reads; None where there is nothing to fit.
    """

    train: FloatArray
    val: FloatArray
    test: FloatArray
    key: str
    cached: bool
    n_parameters: int
    provenance: Mapping[str, object]
    state_path: Path | None


def encode(
    encoder: Encoder,
    *,
    name: str,
    options: Mapping[str, object],
    dataset: Dataset,
    train: IntArray,
    val: IntArray,
    test: IntArray,
    context: FitContext,
    folder: Path,
) -> Features:
    """Fit ``encoder`` on the training images and return the features of all three parts, from ``folder`` if possible.

    The fitted encoder is kept under the hash of name, options, code version, weights files, source examples and
    training examples; the features under that hash and the images of all parts. So other validation or test images
    reuse the fit. Processes that want the same features at the same time compute them once; a damaged file is made
    again. On a hit ``encoder`` is left as it was. Pixels are handed on without a file: they are as quickly made.

    Args:
        encoder: not yet fitted.
        name: its name in the registry.
        options: what it was constructed with, JSON-able.
        dataset: all images and labels.
        train: indices of the training images.
        val: indices of the validation images.
        test: indices of the test images.
        context: for the fit.
        folder: of the cache.
    """
    parts = {"train": dataset.images[train], "val": dataset.images[val], "test": dataset.images[test]}
    labels = dataset.labels[train]
    examples = digest({"images": parts["train"], "labels": labels})
    fit_key = _key(name, options, encoder.cache_facts(context), examples)
    key = _key(fit_key, digest(parts))
    if isinstance(encoder, Pixels):
        handed_on = {part: encoder.transform(images) for part, images in parts.items()}
        return Features(**handed_on, key=key, cached=False, n_parameters=0, provenance={}, state_path=None)
    state_path, path = folder / f"{fit_key}.state.safetensors", folder / f"{key}.features.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{fit_key}.lock"):
        found = _find(path, state_path, context.progress)
        cached = found is not None
        if found is None:
            if not _restore(encoder, state_path, context.progress):
                encoder.fit(parts["train"], labels, context)
                write_arrays(state_path, encoder.state(), {})
            found = _compute(encoder, parts, path, state_path)
    arrays, facts = found
    return Features(
        arrays["train"],
        arrays["val"],
        arrays["test"],
        key=key,
        cached=cached,
        n_parameters=facts["n_parameters"],
        provenance=facts["provenance"],
        state_path=state_path,
    )


def load_fitted(encoder: Encoder, path: Path) -> None:
    """Restore into ``encoder``, constructed with the same options, the fit that ``encode`` kept at ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        CorruptFileError: it is damaged.
    """
    encoder.load_state(read_arrays(path)[0])


def _key(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _find(path: Path, state_path: Path, progress: Progress) -> _Found | None:
    """Return features and facts if both files are there and belong together."""
    try:
        arrays, facts = read_arrays(path)
        if sha256_file(state_path) == facts["state_sha256"]:
            return arrays, facts
        progress.say(f"{state_path} is not the fit that {path.name} came from; computing the features again")
    except FileNotFoundError:
        pass
    except CorruptFileError as error:
        progress.say(f"{error}; computing the features again")
    return None


def _restore(encoder: Encoder, state_path: Path, progress: Progress) -> bool:
    try:
        load_fitted(encoder, state_path)
    except FileNotFoundError:
        return False
    except CorruptFileError as error:
        progress.say(f"{error}; fitting the encoder again")
        return False
    return True


def _compute(encoder: Encoder, parts: Mapping[str, FloatArray], path: Path, state_path: Path) -> _Found:
    arrays: _Arrays = {part: encoder.transform(images) for part, images in parts.items()}
    facts = {
        "n_parameters": encoder.n_parameters,
        "provenance": dict(encoder.provenance),
        "state_sha256": sha256_file(state_path),
    }
    write_arrays(path, arrays, facts)
    return arrays, facts
