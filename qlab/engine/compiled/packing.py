"""A compiled circuit's tables in four arrays: Python hands a kernel an array in some 60 ns, and there are 26 tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from qlab.engine.compiled.jit import Array, helper
from qlab.engine.compiled.tables import Angles, Stages, Steps, Words

Packed = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[Any], NDArray[np.uint32]]
_ENTRY = 4  # of the list of contents: first element, and up to three lengths


def pack(angles: Angles, stages: Stages, steps: Steps, words: Words, dtype: DTypeLike) -> Packed:
    """Return the tables as int64, float64, numbers of ``dtype`` and uint32, for ``unpack``.

    The int64 begin with a list of what is where.
    """
    tables = [*angles, *stages, *steps, *words]
    in_dtype = {id(stages.constants), id(words.signs)}  # may be doubles too, but are not among the doubles
    contents = np.zeros((len(tables), _ENTRY), np.int64)
    parts: dict[str, list[NDArray[Any]]] = {"ints": [], "doubles": [], "reals": [], "indices": []}
    sizes = {"ints": contents.size, "doubles": 0, "reals": 0, "indices": 0}
    for entry, table in zip(contents, tables, strict=True):
        kind = "reals" if id(table) in in_dtype else {"i": "ints", "u": "indices", "f": "doubles"}[table.dtype.kind]
        entry[0], entry[1 : 1 + table.ndim] = sizes[kind], table.shape
        parts[kind].append(table.reshape(-1))
        sizes[kind] += table.size
    return (
        np.concatenate([contents.reshape(-1), *parts["ints"]]),
        np.concatenate(parts["doubles"]),
        np.concatenate(parts["reals"]).astype(dtype, copy=False),
        np.concatenate(parts["indices"]),
    )


@helper
def _row(numbers: Array, ints: Array, k: int) -> Array:
    return numbers[ints[_ENTRY * k] : ints[_ENTRY * k] + ints[_ENTRY * k + 1]]


@helper
def _matrix(numbers: Array, ints: Array, k: int) -> Array:
    first, rows, columns = ints[_ENTRY * k], ints[_ENTRY * k + 1], ints[_ENTRY * k + 2]
    return numbers[first : first + rows * columns].reshape(rows, columns)


@helper
def _cube(numbers: Array, ints: Array, k: int) -> Array:
    first, a, b, c = ints[_ENTRY * k], ints[_ENTRY * k + 1], ints[_ENTRY * k + 2], ints[_ENTRY * k + 3]
    return numbers[first : first + a * b * c].reshape(a, b, c)


@helper
def unpack(packed: Packed) -> tuple[Angles, Stages, Steps, Words]:
    """Return the tables of a circuit, as views."""
    ints, doubles, reals, indices = packed
    angles = Angles(
        _matrix(doubles, ints, 0),
        _row(ints, ints, 1),
        _row(doubles, ints, 2),
        _matrix(ints, ints, 3),
        _matrix(doubles, ints, 4),
        _row(doubles, ints, 5),
        _row(ints, ints, 6),
        _row(ints, ints, 7),
        _row(ints, ints, 8),
        _matrix(ints, ints, 9),
    )
    stages = Stages(
        _matrix(ints, ints, 10),
        _matrix(ints, ints, 11),
        _row(doubles, ints, 12),
        _row(ints, ints, 13),
        _matrix(indices, ints, 14),
        _matrix(indices, ints, 15),
        _row(ints, ints, 16),
        _cube(reals, ints, 17),
        _row(ints, ints, 18),
        _matrix(ints, ints, 19),
    )
    steps = Steps(_matrix(ints, ints, 20), _matrix(ints, ints, 21), _matrix(ints, ints, 22))
    words = Words(_matrix(ints, ints, 23), _matrix(ints, ints, 24), _matrix(reals, ints, 25))
    return angles, stages, steps, words
