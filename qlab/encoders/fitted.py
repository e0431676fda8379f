"""What a fitted block is made of: arrays by name, and JSON-able facts packed beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qlab.arrays import State
from qlab.errors import RequestError

T = TypeVar("T")


def require_fitted(value: T | None) -> T:
    """Return ``value``; raises ``RequestError`` if the block has none yet."""
    if value is None:
        raise RequestError("this encoder is not fitted: call fit or load_state before it is used")
    return value


def pack_facts(facts: Mapping[str, object]) -> NDArray[np.uint8]:
    """Return JSON-able facts as the bytes of their JSON, an array that travels with the others."""
    return np.frombuffer(json.dumps(facts, sort_keys=True).encode(), dtype=np.uint8).copy()


def unpack_facts(packed: NDArray[np.generic]) -> dict[str, Any]:
    """Return what ``pack_facts`` packed."""
    facts: dict[str, Any] = json.loads(packed.tobytes())
    return facts


def with_prefix(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> State:
    """Return the arrays under ``prefix.name``."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def under_prefix(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays named ``prefix.name`` under ``name``."""
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
