"""Arrays and facts in one safetensors file that knows whether it is intact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from qlab.errors import CorruptFileError
from qlab.files import write_bytes

State = dict[str, NDArray[np.generic]]
_METADATA = "qlab"
"""The one entry of the header's metadata: safetensors writes several in random order, so equal files would differ."""


def digest(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, object] | None = None) -> str:
    """Return the hex SHA-256 of the names, types, shapes and contents, and of the facts."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    total.update(_as_json(facts or {}).encode())
    return total.hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, object]) -> None:
    """Write arrays and JSON-able facts to ``path``, whole or not at all."""
    metadata = {_METADATA: _as_json({"digest": digest(arrays, facts), "facts": facts})}
    in_order = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_bytes(path, save(in_order, metadata=metadata))


def read_arrays(path: Path) -> tuple[State, dict[str, Any]]:
    """Return the arrays and facts of ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        CorruptFileError: it is not what ``write_arrays`` wrote.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays: State = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        known = json.loads(metadata[_METADATA])
        facts: dict[str, Any] = known["facts"]
        intact = known["digest"] == digest(arrays, facts)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptFileError(f"{path} is damaged ({error})") from error
    if not intact:
        raise CorruptFileError(f"{path} is damaged (its checksum does not match)")
    return arrays, facts


def _as_json(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, sort_keys=True, allow_nan=False)
