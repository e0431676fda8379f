"""Generated diagrams kept on disk, so that a set is generated once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from qlab.data.diagrams import DiagramRequest, DiagramSet, generate
from qlab.data.dot_parameters import DotParameters
from qlab.files import atomic_write
from qlab.progress import Progress


def cached(request: DiagramRequest, cache: Path, progress: Progress) -> DiagramSet:
    """Return the diagrams of ``request``, from ``cache`` if they are there and undamaged."""
    path = cache_file(request, cache)
    found = _read(path, request) if path.exists() else None
    if found is None:
        if path.exists():
            progress.say(f"{path} is damaged: generating it again")
        found = generate(request, progress)
        with atomic_write(path) as file:
            np.savez(file, **vars(found))
    return found


def cache_file(request: DiagramRequest, cache: Path) -> Path:
    """Return where the diagrams of ``request`` are kept; the name is a hash of all that defines them."""
    facts = json.dumps(request.facts(), sort_keys=True).encode()
    return cache / "data" / f"quantum_dot-{hashlib.sha256(facts).hexdigest()[:24]}.npz"


def _read(path: Path, request: DiagramRequest) -> DiagramSet | None:
    """Return what a file holds; None if a checksum in it is wrong or the arrays are not those of ``request``."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return None
        with np.load(path, allow_pickle=False) as arrays:
            found = DiagramSet(**{field.name: arrays[field.name] for field in dataclasses.fields(DiagramSet)})
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return None
    return found if _layout(found) == _expected_layout(request) else None


def _layout(found: DiagramSet) -> list[tuple[tuple[int, ...], str]]:
    return [(array.shape, array.dtype.name) for array in vars(found).values()]


def _expected_layout(request: DiagramRequest) -> list[tuple[tuple[int, ...], str]]:
    images = ((request.size, request.resolution, request.resolution), "float32")
    n_parameters = len(DotParameters.__dataclass_fields__)
    return [images, images, ((request.size,), "int64"), ((request.size, n_parameters), "float64")]
